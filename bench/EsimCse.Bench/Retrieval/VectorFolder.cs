using System.Runtime.InteropServices;
using EsimCse.Core.Files;
using EsimCse.Search;

namespace EsimCse.Bench.Retrieval;

/// <summary>A temporary folder of random vectors, and the same rounded to bytes.</summary>
sealed class VectorFolder : IDisposable
{
    const int ChunkRows = 4096;

    readonly string _path = Directory.CreateTempSubdirectory("esimcse-search-").FullName;

    public VectorFolder(long rows, int dimension)
    {
        string path = Path.Combine(_path, "vectors.npy");
        using (FileStream file = new(path, FileMode.Create))
        using (QuantizedVectors.Writer quantized = new(_path, rows, dimension))
        {
            file.Write(NpyHeader.Create("<f4", rows, dimension));
            Random random = new(1);
            for (long row = 0; row < rows; row += ChunkRows)
            {
                float[] chunk = Normal(random, (int)Math.Min(ChunkRows, rows - row) * dimension);
                file.Write(MemoryMarshal.AsBytes<float>(chunk));
                quantized.Write(chunk);
            }
        }
        Vectors = MappedVectors.Open(path);
        Quantized = QuantizedVectors.Open(_path, Vectors);
    }

    public MappedVectors Vectors { get; }

    public QuantizedVectors Quantized { get; }

    /// <summary>Returns elements that are nearly normally distributed: sums of four uniform ones.</summary>
    public static float[] Normal(Random random, int count)
    {
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = random.NextSingle() + random.NextSingle() + random.NextSingle() + random.NextSingle() - 2;
        return values;
    }

    public void Dispose()
    {
        Quantized.Dispose();
        Vectors.Dispose();
        Directory.Delete(_path, recursive: true);
    }
}
