using System.Runtime.InteropServices;
using System.Text;
using EsimCse.Core.Files;
using EsimCse.Cpu;
using EsimCse.Search;
using EsimCse.Search.Hnsw;

namespace EsimCse.Tests.Support;

/// <summary>A temporary folder in which tests write vectors and indexes.</summary>
sealed class IndexFiles : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("esimcse-index-").FullName;

    public string In(params string[] parts) => Path.Combine([Folder, .. parts]);

    /// <summary>Writes a .npy file and returns its path.</summary>
    /// <param name="rows">The rows, of one length.</param>
    /// <param name="dimension">Elements of a row.</param>
    public string WriteVectors(float[][] rows, int dimension)
    {
        string path = In("input.npy");
        byte[] data = [.. rows.SelectMany(row => MemoryMarshal.AsBytes<float>(row).ToArray())];
        File.WriteAllBytes(path, [.. NpyHeader.Create("<f4", rows.Length, dimension), .. data]);
        return path;
    }

    /// <summary>Rounds the rows of a file to bytes, in files next to it.</summary>
    public QuantizedVectors Quantize(MappedVectors vectors)
    {
        using (QuantizedVectors.Writer writer = new(Folder, vectors.Rows, vectors.Dimension))
        {
            float[] all = new float[vectors.Rows * vectors.Dimension];
            if (vectors.Rows > 0) vectors.Read(0, all);
            writer.Write(all);
        }
        return QuantizedVectors.Open(Folder, vectors);
    }

    /// <summary>Writes a .npy file of version 1 with any header.</summary>
    public string WriteNpy(string header, byte[] data)
    {
        string path = In("input.npy");
        byte[] text = Encoding.ASCII.GetBytes(header);
        byte[] start = [0x93, .. "NUMPY"u8, 1, 0, (byte)text.Length, (byte)(text.Length >> 8)];
        File.WriteAllBytes(path, [.. start, .. text, .. data]);
        return path;
    }

    /// <summary>Writes the index of a .npy file and returns its folder.</summary>
    public string WriteIndex(string vectors, string[]? texts = null)
    {
        string folder = In("index");
        using MappedVectors file = MappedVectors.Open(vectors);
        IndexFolder.Write(folder, file, texts, textsName: null, hnsw: null, CancellationToken.None);
        return folder;
    }

    /// <summary>
    /// Writes the index of a .npy file with a graph that threads build, and returns its folder. The test is skipped
    /// where there is no library for graphs.
    /// </summary>
    public string WriteHnswIndex(string vectors, string[]? texts = null, int threads = 2) =>
        WriteHnswIndex(vectors, texts, out _, threads);

    /// <inheritdoc cref="WriteHnswIndex(string, string[], int)"/>
    public string WriteHnswIndex(string vectors, string[]? texts, out Recall? recall, int threads = 2)
    {
        RequireUsearch();
        string folder = In("hnsw");
        using MappedVectors file = MappedVectors.Open(vectors);
        using CpuBackend backend = new(threads);
        recall = IndexFolder.Write(
            folder, file, texts, textsName: null, new HnswBuilder(backend), CancellationToken.None);
        return folder;
    }

    /// <summary>Skips the test, with the reason, where USearch's library cannot be loaded.</summary>
    public static void RequireUsearch() =>
        Assert.SkipWhen(UsearchLibrary.WhyMissing is not null, $"hnsw: {UsearchLibrary.WhyMissing}");

    /// <summary>Returns rows of normally distributed elements.</summary>
    public static float[][] Random(int seed, int rows, int dimension)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, rows).Select(_ => Vector(random, dimension))];
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    static float[] Vector(Random random, int dimension)
    {
        float[] vector = new float[dimension];
        for (int i = 0; i < dimension; i++)
            vector[i] = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(random.NextDouble() * 7));
        return vector;
    }
}
