using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using EsimCse.Core;
using EsimCse.Core.Files;

namespace EsimCse.Search.Hnsw;

/// <summary>
/// A graph of USearch over vectors of norm 1 (Malkov and Yashunin, Hierarchical Navigable Small World, 2016), whose
/// nodes are rows. It has a copy of the vectors in bf16, which decides how it is walked and no score. As many threads
/// as it was created for may add, or search, at a time.
/// </summary>
sealed unsafe class HnswGraph : IDisposable
{
    /// <summary>The name of the file.</summary>
    public const string FileName = "graph.usearch";

    /// <summary>Neighbors of a node on the upper levels; twice as many on the lowest, which has all nodes.</summary>
    const int Connectivity = 32;

    /// <summary>Candidates among which the neighbors of a new node are chosen.</summary>
    const int ExpansionOfAdd = 128;

    MemoryMappedViewAccessor? _view;
    nint _index;

    HnswGraph(int dimension)
    {
        UsearchLibrary.Require();
        UsearchLibrary.Options options = new()
        {
            Metric = UsearchLibrary.InnerProduct,
            Type = UsearchLibrary.BFloat16,
            Dimension = (nuint)dimension,
            Connectivity = Connectivity,
            ExpansionOfAdd = ExpansionOfAdd,
        };
        _index = UsearchLibrary.Create(options, out nint error);
        Check(error);
    }

    /// <summary>Creates a graph without nodes.</summary>
    /// <param name="dimension">Elements of a vector.</param>
    /// <param name="rows">Number of rows that will be added at most.</param>
    /// <param name="threads">Number of threads that add, or search, at a time.</param>
    /// <exception cref="PlatformNotSupportedException">USearch's library cannot be loaded.</exception>
    public static HnswGraph Create(int dimension, long rows, int threads)
    {
        HnswGraph graph = new(dimension);
        try
        {
            UsearchLibrary.Reserve(graph._index, (nuint)Math.Max(rows, 1), out nint error);
            Check(error);
            graph.SetThreads(threads);
            return graph;
        }
        catch
        {
            graph.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Maps the file of a graph. It is read once, to compare its hash: the library trusts its content.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="sha256">SHA-256 of the file, in hexadecimal.</param>
    /// <param name="vectors">The vectors of the rows.</param>
    /// <param name="threads">Number of threads that search at a time.</param>
    /// <exception cref="InvalidInputException">The file is missing or another one.</exception>
    /// <exception cref="PlatformNotSupportedException">USearch's library cannot be loaded.</exception>
    public static HnswGraph Open(string path, string sha256, MappedVectors vectors, int threads)
    {
        InputFile.Require(path);
        string found = FileDigest.Compute(path);
        if (found != sha256)
            throw new InvalidInputException(
                $"{path}: found SHA-256 {found}, expected {sha256} by {IndexDescription.FileName}");
        HnswGraph graph = new(vectors.Dimension);
        try
        {
            graph.Map(path);
            graph.SetThreads(threads);
            graph.Require(path, vectors);
            return graph;
        }
        catch
        {
            graph.Dispose();
            throw;
        }
    }

    /// <summary>Adds a row.</summary>
    /// <param name="row">The row's number, which was not added before.</param>
    /// <param name="vector">Its vector, of norm 1 or 0.</param>
    public void Add(long row, ReadOnlySpan<float> vector)
    {
        fixed (float* address = vector)
        {
            UsearchLibrary.Add(_index, (ulong)row, address, UsearchLibrary.Float32, out nint error);
            Check(error);
        }
    }

    /// <summary>Finds rows near a query and returns their number, which is less where the graph has no more.</summary>
    /// <param name="query">The query, of norm 1.</param>
    /// <param name="rows">Receives the rows. The more there are asked for, the better the best are.</param>
    public int Search(ReadOnlySpan<float> query, Span<ulong> rows)
    {
        float[] distances = new float[rows.Length];
        fixed (float* queryAddress = query, distanceAddress = distances)
        fixed (ulong* rowAddress = rows)
        {
            nuint count = UsearchLibrary.Search(
                _index,
                queryAddress,
                UsearchLibrary.Float32,
                (nuint)rows.Length,
                rowAddress,
                distanceAddress,
                out nint error);
            Check(error);
            return (int)count;
        }
    }

    /// <summary>Writes the file of the graph and returns its SHA-256.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public string Save(string path)
    {
        UsearchLibrary.Save(_index, path, out nint error);
        if (error != 0) throw new IOException($"{path}: {Message(error)}");
        nuint expected = UsearchLibrary.SavedBytes(_index, out error);
        Check(error);
        // The library does not report that the last bytes could not be written.
        using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite);
        if ((nuint)file.Length != expected)
            throw new IOException($"{path}: wrote {file.Length} bytes, expected {expected}: no space left on the disk");
        file.Flush(flushToDisk: true);
        file.Dispose();
        return FileDigest.Compute(path);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_index == 0) return;
        UsearchLibrary.Free(_index, out _);
        _index = 0;
        if (_view is null) return;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
    }

    /// <summary>
    /// States how many threads use the graph at a time. To reserve rows sets the number to that of the cores, and more
    /// threads than stated would share the state of one.
    /// </summary>
    void SetThreads(int count)
    {
        UsearchLibrary.SetThreadsOfAdd(_index, (nuint)count, out nint error);
        Check(error);
        UsearchLibrary.SetThreadsOfSearch(_index, (nuint)count, out error);
        Check(error);
    }

    void Map(string path)
    {
        using MemoryMappedFile mapping =
            MemoryMappedFile.CreateFromFile(path, FileMode.Open, mapName: null, 0, MemoryMappedFileAccess.Read);
        _view = mapping.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        ulong length = (ulong)new FileInfo(path).Length;
        UsearchLibrary.View(_index, start + _view.PointerOffset, (nuint)length, out nint error);
        if (error != 0) throw new InvalidInputException($"{path}: {Message(error)}");
    }

    void Require(string path, MappedVectors vectors)
    {
        nuint rows = UsearchLibrary.Count(_index, out nint error);
        Check(error);
        nuint dimension = UsearchLibrary.Dimension(_index, out error);
        Check(error);
        if (rows != (nuint)vectors.Rows || dimension != (nuint)vectors.Dimension)
            throw new InvalidInputException(
                $"{path}: found {rows} rows of {dimension}, expected {vectors.Rows} of {vectors.Dimension}");
    }

    static void Check(nint error)
    {
        if (error != 0) throw new InvalidOperationException($"USearch: {Message(error)}");
    }

    static string Message(nint error) => Marshal.PtrToStringUTF8(error)!;
}
