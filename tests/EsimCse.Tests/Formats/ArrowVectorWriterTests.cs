using EsimCse.Formats;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Formats;

public sealed class ArrowVectorWriterTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("esimcse-arrow-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(0, 3)]
    [InlineData(21, 5)]
    public void The_list_may_be_of_fp16(int rows, int dimension)
    {
        float[][] vectors = VectorSamples.Normal(rows, dimension);
        string path = Path.Combine(_folder, "v.arrow");
        VectorFile.Write(path, VectorSamples.InChunks(vectors, dimension, type: OutputType.Float16));
        Half[][] expected = [.. vectors.Select(vector => vector.Select(value => (Half)value).ToArray())];
        Assert.Equal(expected, ColumnarFile.ReadArrow<Half>(path, dimension));
    }

    [Theory]
    [InlineData("v.arrow")]
    [InlineData("v.parquet")]
    public void Rows_of_several_batches_come_in_order(string name)
    {
        const int dimension = 1 << 19;
        float[][] vectors = [.. Enumerable.Range(0, 19).Select(row => Row(row, dimension))];
        string path = Path.Combine(_folder, name);
        VectorFile.Write(path, new VectorRows(dimension, vectors));
        float[][] found = name == "v.arrow"
            ? ColumnarFile.ReadArrow<float>(path, dimension)
            : ColumnarFile.ReadParquet(path, dimension);
        Assert.Equal(vectors.Length, found.Length);
        for (int row = 0; row < found.Length; row++) Assert.True(vectors[row].AsSpan().SequenceEqual(found[row]));

        static float[] Row(int row, int dimension) =>
            [.. Enumerable.Range(0, dimension).Select(i => (float)(row * dimension + i))];
    }
}
