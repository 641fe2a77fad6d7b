using EsimCse.Formats.Parts;

namespace EsimCse.Tests.Formats.Parts;

public class VectorStreamTests
{
    const int Dimension = 3;

    /// <summary>Returns batches of the numbers from 0 on.</summary>
    static IEnumerable<float[]> Batches(params int[] rows)
    {
        int next = 0;
        foreach (int count in rows) yield return [.. Enumerable.Range(0, count * Dimension).Select(_ => (float)next++)];
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(100)]
    public void Parts_have_the_rows_asked_for_whatever_the_batches(int rows)
    {
        int[] sizes = [3, 0, 1, 7, 2, 0];
        using VectorStream stream = new(Batches(sizes), Dimension);
        List<float> all = [];
        while (stream.HasMore())
        {
            float[] part = [.. stream.Take(rows).SelectMany(chunk => chunk)];
            all.AddRange(part);
            int left = sizes.Sum() * Dimension - all.Count;
            Assert.True(part.Length == rows * Dimension || left == 0);
            Assert.NotEmpty(part);
        }
        Assert.Equal(Enumerable.Range(0, sizes.Sum() * Dimension).Select(i => (float)i), all);
    }

    [Fact]
    public void No_batch_and_empty_ones_have_no_row()
    {
        Assert.False(new VectorStream([], Dimension).HasMore());
        Assert.False(new VectorStream(Batches(0, 0), Dimension).HasMore());
    }

    [Fact]
    public void The_enumeration_of_the_batches_ends_with_the_stream()
    {
        bool ended = false;
        VectorStream stream = new(Endless(), Dimension);
        Assert.True(stream.HasMore());
        stream.Dispose();
        Assert.True(ended);

        IEnumerable<float[]> Endless()
        {
            try
            {
                while (true) yield return new float[Dimension];
            }
            finally
            {
                ended = true;
            }
        }
    }
}
