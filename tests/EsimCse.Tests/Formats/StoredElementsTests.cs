using EsimCse.Formats;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Formats;

public class StoredElementsTests
{
    [Theory]
    [InlineData(0, 3, 4)]
    [InlineData(1, 1, 1)]
    [InlineData(12, 3, 4)]
    [InlineData(13, 3, 4)]
    [InlineData(13, 2, 100)]
    public void Batches_have_one_number_of_rows_whatever_the_chunks(int rows, int dimension, int batchRows)
    {
        float[][] vectors = VectorSamples.Normal(rows, dimension);
        Float32Rows stored = new(VectorSamples.InChunks(vectors, dimension));
        float[][] batches = [.. stored.Batches(batchRows).Select(batch => batch.ToArray())];
        Assert.Equal(vectors.Chunk(batchRows).Select(batch => batch.SelectMany(vector => vector)), batches);
    }
}
