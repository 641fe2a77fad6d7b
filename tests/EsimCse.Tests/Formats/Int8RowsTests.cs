using EsimCse.Formats;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Formats;

public class Int8RowsTests
{
    /// <summary>Returns the largest magnitude of each column in the first rows / 127; 1 / 127 for 0.</summary>
    static double[] Scales(float[][] vectors, int dimension, int calibrationRows)
    {
        double[] scales = new double[dimension];
        for (int i = 0; i < dimension; i++)
        {
            double largest = 0;
            for (int row = 0; row < Math.Min(vectors.Length, calibrationRows); row++)
                largest = Math.Max(largest, Math.Abs((double)vectors[row][i]));
            scales[i] = (float)((largest == 0 ? 1 : largest) / 127);
        }
        return scales;
    }

    [Theory]
    [InlineData(0, 3, 100)]
    [InlineData(1, 1, 100)]
    [InlineData(5, 7, 5)]
    [InlineData(50, 9, 1)]
    [InlineData(50, 9, 20)]
    [InlineData(50, 9, 51)]
    public void Elements_are_rounded_quotients_by_the_scale_of_their_column(
        int rows, int dimension, int calibrationRows)
    {
        float[][] vectors = VectorSamples.Normal(rows, dimension);
        foreach (float[] vector in vectors.Take(calibrationRows)) vector[dimension / 2] = 0;
        VectorRows source = VectorSamples.InChunks(vectors, dimension, reusesArrays: false);
        Int8Rows quantized = new(source, calibrationRows);
        sbyte[] levels = [.. quantized.Chunks().SelectMany(chunk => chunk)];
        double[] scales = Scales(vectors, dimension, calibrationRows);
        Assert.Equal(scales, quantized.Scales.ToArray().Select(scale => (double)scale));
        Assert.Equal(rows * dimension, levels.Length);
        for (int row = 0; row < rows; row++)
            for (int i = 0; i < dimension; i++)
            {
                double level = Math.Round(vectors[row][i] / scales[i], MidpointRounding.ToEven);
                Assert.Equal(Math.Min(127, Math.Max(-127, level)), levels[row * dimension + i]);
            }
    }

    [Fact]
    public void Elements_of_the_calibration_are_within_half_a_step()
    {
        float[][] vectors = VectorSamples.Normal(40, 6);
        Int8Rows quantized = new(VectorSamples.InChunks(vectors, 6, reusesArrays: false));
        sbyte[] levels = [.. quantized.Chunks().SelectMany(chunk => chunk)];
        for (int row = 0; row < vectors.Length; row++)
            for (int i = 0; i < 6; i++)
            {
                double restored = (double)levels[row * 6 + i] * quantized.Scales[i];
                Assert.InRange(Math.Abs(restored - vectors[row][i]), 0, 0.5001 * quantized.Scales[i]);
            }
        for (int i = 0; i < 6; i++)
            Assert.Equal(127, Enumerable.Range(0, vectors.Length).Max(row => Math.Abs((int)levels[row * 6 + i])));
    }

    [Fact]
    public void Columns_below_the_smallest_scale_are_zero()
    {
        VectorRows rows = new(1, [[float.Epsilon], [-float.Epsilon]]);
        Assert.All(new Int8Rows(rows).Chunks(), chunk => Assert.Equal(0, Assert.Single(chunk)));
    }

    [Fact]
    public void Memory_holds_the_rows_of_the_calibration_and_no_more()
    {
        int read = 0;
        Int8Rows quantized = new(new VectorRows(2, Enumerable.Range(0, 100).Select(Chunk)), calibrationRows: 7);
        int returned = 0;
        foreach (sbyte[] _ in quantized.Chunks()) Assert.InRange(read - ++returned, 0, 3);

        float[] Chunk(int index)
        {
            read++;
            return [index, 1, index, 2];
        }
    }
}
