using EsimCse.Core;
using EsimCse.Core.Files;
using EsimCse.Cpu;
using EsimCse.Search;
using EsimCse.Search.Hnsw;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Search.Hnsw;

public sealed class HnswGraphTests : IDisposable
{
    static readonly string[] Names =
        ["graph.usearch", "index.json", "quantized-panels.npy", "quantized-rows.npy", "vectors.npy"];

    readonly IndexFiles _files = new();

    [Fact]
    public void Every_damage_of_the_file_is_refused_before_it_is_used()
    {
        string folder = Write(seed: 1, rows: 20);
        string graph = Path.Combine(folder, "graph.usearch");
        byte[] bytes = File.ReadAllBytes(graph);
        for (int place = 0; place < bytes.Length; place += 31)
        {
            bytes[place] ^= 0x40;
            File.WriteAllBytes(graph, bytes);
            bytes[place] ^= 0x40;
            Expect<InvalidInputException>(folder, "graph.usearch: found SHA-256");
            File.WriteAllBytes(graph, bytes[..place]);
            Expect<InvalidInputException>(folder, "graph.usearch: found SHA-256");
        }
        File.WriteAllBytes(graph, [.. bytes, 0]);
        Expect<InvalidInputException>(folder, "graph.usearch: found SHA-256");
        File.WriteAllBytes(graph, bytes);
        VectorIndex.Open(folder).Dispose();
        File.Delete(graph);
        Expect<InvalidInputException>(folder, "graph.usearch: no such file");
    }

    [Fact]
    public void The_graph_of_other_rows_is_refused_though_its_hash_is_stated()
    {
        string folder = Write(seed: 2, rows: 21);
        string other = _files.In("other");
        File.Copy(Path.Combine(folder, "graph.usearch"), other);
        folder = Write(seed: 3, rows: 20);
        StateGraph(folder, File.ReadAllBytes(other));
        Expect<InvalidInputException>(folder, "found 21 rows of 6, expected 20 of 6");
    }

    [Fact]
    public void Another_file_is_refused_though_its_hash_is_stated()
    {
        string folder = Write(seed: 4, rows: 20);
        StateGraph(folder, new byte[4096]);
        Expect<InvalidInputException>(folder, "graph.usearch: Magic header mismatch");
    }

    [Theory]
    [InlineData("\"hnsw\"", "\"ivf\"", "kind: found \"ivf\", expected exact or hnsw")]
    [InlineData("\"hnsw\"", "\"exact\"", "normalized")]
    [InlineData("\"normalized\": false", "\"normalized\": 0", "normalized: found 0, expected true or false")]
    [InlineData("\"graph_sha256\"", "\"graph_md5\"", "graph_md5")]
    public void A_wrong_description_is_refused(string old, string replacement, string expected)
    {
        string folder = Write(seed: 5, rows: 20);
        string path = Path.Combine(folder, "index.json");
        string text = File.ReadAllText(path);
        Assert.Contains(old, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(old, replacement, StringComparison.Ordinal));
        Expect<InvalidInputException>(folder, expected);
    }

    [Fact]
    public void A_cancelled_build_leaves_the_index_that_was_there()
    {
        string folder = Write(seed: 6, rows: 20);
        byte[] before = File.ReadAllBytes(Path.Combine(folder, "graph.usearch"));
        string input = _files.WriteVectors(IndexFiles.Random(7, 5000, 6), 6);
        using MappedVectors vectors = MappedVectors.Open(input);
        using CpuBackend backend = new(2);
        using CancellationTokenSource stop = new();
        HnswBuilder builder = new(backend, _ => stop.Cancel());
        Assert.ThrowsAny<OperationCanceledException>(
            () => IndexFolder.Write(folder, vectors, null, null, builder, stop.Token));
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(folder, "graph.usearch")));
        string[] entries = Directory.GetFileSystemEntries(_files.Folder);
        Assert.Equal(["hnsw", "input.npy"], entries.Select(Path.GetFileName).Order());
    }

    [Fact]
    public void As_many_threads_as_it_was_created_for_add_and_search_at_a_time()
    {
        const int rows = 2000, dimension = 256;
        int threads = 8 * Environment.ProcessorCount;
        float[][] vectors = IndexFiles.Random(9, rows, dimension);
        foreach (float[] vector in vectors) VectorNorm.Normalize(vector);
        using HnswGraph graph = HnswGraph.Create(dimension, rows, threads);
        RunThreads(threads, rows, row => graph.Add(row, vectors[row]));
        ulong[] found = new ulong[rows];
        RunThreads(threads, rows, row => graph.Search(vectors[row], found.AsSpan(row, 1)));
        // Rows that are added at a time do not find each other: some are not linked well.
        int own = found.Index().Count(pair => pair.Item == (ulong)pair.Index);
        Assert.InRange(own, rows * 95 / 100, rows);
    }

    [Fact]
    public void The_folder_is_replaced_by_one_of_the_other_kind()
    {
        string folder = Write(seed: 8, rows: 20);
        Assert.Equal(Names, Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        using (MappedVectors vectors = MappedVectors.Open(_files.In("input.npy")))
            IndexFolder.Write(folder, vectors, null, null, hnsw: null, CancellationToken.None);
        IEnumerable<string> others = Names.Where(name => name != "graph.usearch");
        Assert.Equal(others, Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    public void Dispose() => _files.Dispose();

    /// <summary>Does something for each row on a number of threads of their own.</summary>
    static void RunThreads(int count, int rows, Action<int> action)
    {
        int next = -1;
        Thread[] threads = [.. Enumerable.Range(0, count).Select(_ => new Thread(Run))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();

        void Run()
        {
            while (Interlocked.Increment(ref next) is var row && row < rows) action(row);
        }
    }

    string Write(int seed, int rows) =>
        _files.WriteHnswIndex(_files.WriteVectors(IndexFiles.Random(seed, rows, 6), 6));

    /// <summary>Replaces the graph of an index, and states the hash of the new one.</summary>
    static void StateGraph(string folder, byte[] graph)
    {
        string path = Path.Combine(folder, "graph.usearch");
        string description = Path.Combine(folder, "index.json");
        string old = FileDigest.Compute(path);
        File.WriteAllBytes(path, graph);
        string text = File.ReadAllText(description).Replace(old, FileDigest.Compute(path), StringComparison.Ordinal);
        File.WriteAllText(description, text);
    }

    static void Expect<T>(string folder, string message)
        where T : Exception
    {
        T error = Assert.Throws<T>(() => VectorIndex.Open(folder).Dispose());
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }
}
