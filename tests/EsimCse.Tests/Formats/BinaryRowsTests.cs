using EsimCse.Formats;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Formats;

public class BinaryRowsTests
{
    [Theory]
    [InlineData(0, 8)]
    [InlineData(3, 1)]
    [InlineData(4, 7)]
    [InlineData(5, 8)]
    [InlineData(6, 9)]
    [InlineData(7, 27)]
    public void Bits_are_the_positive_elements_with_the_first_column_highest(int rows, int dimension)
    {
        float[][] vectors = VectorSamples.AllMagnitudes(rows, dimension);
        BinaryRows packed = new(VectorSamples.InChunks(vectors, dimension));
        byte[] bytes = [.. packed.Chunks().SelectMany(chunk => chunk)];
        int columns = (int)Math.Ceiling(dimension / 8.0);
        Assert.Equal((columns, rows * columns), (packed.Columns, bytes.Length));
        for (int row = 0; row < rows; row++)
        {
            string bits = string.Concat(bytes.Skip(row * columns).Take(columns).Select(value => $"{value:b8}"));
            string expected = string.Concat(vectors[row].Select(value => value > 0 ? '1' : '0'));
            Assert.Equal(expected.PadRight(columns * 8, '0'), bits);
        }
    }

    [Fact]
    public void Zeros_are_not_positive_and_the_smallest_number_is()
    {
        float[] vector = [0, -0f, float.Epsilon, -float.Epsilon, 1, -1, 0, 2];
        byte packed = Assert.Single(Assert.Single(new BinaryRows(new VectorRows(8, [vector])).Chunks()));
        Assert.Equal(0b0010_1001, packed);
    }
}
