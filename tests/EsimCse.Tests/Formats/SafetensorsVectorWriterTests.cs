using EsimCse.Core.Files;
using EsimCse.Formats;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Formats;

public sealed class SafetensorsVectorWriterTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("esimcse-tensors-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(0, 3)]
    [InlineData(7, 3)]
    public void The_reader_of_models_takes_the_file(int rows, int dimension)
    {
        float[][] vectors = VectorSamples.Normal(rows, dimension);
        string path = Path.Combine(_folder, "v.safetensors");
        VectorFile.Write(path, VectorSamples.InChunks(vectors, dimension));
        using SafetensorsFile file = SafetensorsFile.Open(path);
        StoredTensor tensor = file.Tensors["embeddings"];
        Assert.Equal([rows, dimension], tensor.Shape);
        Assert.Equal(0, tensor.Begin % 64);
        Assert.Equal(vectors.SelectMany(vector => vector), file.ReadFinite(tensor));
    }
}
