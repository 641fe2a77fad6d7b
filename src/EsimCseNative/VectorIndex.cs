using System.Numerics.Tensors;
using EsimCse.Core;
using EsimCse.Cpu;
using EsimCse.Search;
using EsimCse.Search.Hnsw;

namespace EsimCseNative;

/// <summary>
/// An index of vectors in a folder, as <c>esimcse index</c> writes it, in which the nearest rows of queries are found.
/// The vectors are memory-mapped. Search is exact, by comparing all of them, or takes candidates from a graph and finds
/// the nearest of these; scores and ranks are those of double precision, on every device. Thread-safe; searches share
/// the threads or the device and run one after the other, so that queries are better given together.
/// </summary>
public sealed class VectorIndex : IDisposable
{
    readonly MappedVectors _vectors;
    readonly QuantizedVectors _quantized;
    readonly IndexTexts? _texts;
    readonly CpuBackend _backend;
    readonly ExactSearch _search;
    readonly HnswGraph? _graph;
    readonly HnswSearch? _graphSearch;
    readonly SearchDevice? _device;
    readonly Lock _oneAtATime = new();
    bool _isDisposed;

    VectorIndex(
        IndexDescription description,
        MappedVectors vectors,
        QuantizedVectors quantized,
        IndexTexts? texts,
        HnswGraph? graph,
        DeviceChoice device)
    {
        Similarity = description.Similarity;
        _vectors = vectors;
        _quantized = quantized;
        _texts = texts;
        _backend = new CpuBackend(device.Threads);
        _search = new ExactSearch(_backend, vectors, quantized);
        _graph = graph;
        if (graph is not null)
        {
            bool isNormalized = description.Graph!.IsNormalized;
            _graphSearch = new HnswSearch(graph, vectors, isNormalized, _search, ThreadsOf(device));
        }
        try
        {
            if (graph is null) _device = SearchDevice.Open(device, vectors, quantized, _search);
        }
        catch
        {
            _backend.Dispose();
            throw;
        }
    }

    /// <summary>Number of vectors.</summary>
    public long Count => _vectors.Rows;

    /// <summary>Elements of a vector.</summary>
    public int Dimension => _vectors.Dimension;

    /// <summary>Whether the rows have texts.</summary>
    public bool HasTexts => _texts is not null;

    /// <summary>
    /// Whether search finds the nearest rows for certain, as in an index of the kind exact; through the graph of one of
    /// the kind hnsw it finds nearly all of them.
    /// </summary>
    public bool IsExact => _graph is null;

    /// <summary>The similarity by which a search ranks unless it names another one.</summary>
    public SimilarityFunction Similarity { get; }

    /// <summary>Opens the folder of an index.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="device">
    /// The device, whose precision does not matter; null for the CPU with one thread per core. auto is the CPU too: it
    /// has answered before the vectors have been sent to another device. A CUDA device that is named keeps them from
    /// the first search on, if they fit half of its free memory, and else is sent them by each. A graph is searched on
    /// the CPU.
    /// </param>
    /// <exception cref="ArgumentException">The device is not valid, or several are named.</exception>
    /// <exception cref="DeviceException">The device is missing or failed.</exception>
    /// <exception cref="InvalidInputException">
    /// The folder or a file of it is missing or not valid, or the CUDA device cannot take vectors of that dimension.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">
    /// The index has a graph, and USearch's library cannot be loaded.
    /// </exception>
    public static VectorIndex Open(string path, DeviceChoice? device = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        IndexDescription description = IndexDescription.Read(path);
        MappedVectors vectors = MappedVectors.Open(Path.Combine(path, IndexFolder.VectorsName));
        QuantizedVectors? quantized = null;
        IndexTexts? texts = null;
        HnswGraph? graph = null;
        device ??= new DeviceChoice();
        try
        {
            description.Require(vectors);
            quantized = QuantizedVectors.Open(path, vectors);
            if (description.HasTexts) texts = IndexTexts.Open(path, description.Rows);
            if (description.Graph is not null)
                graph = HnswGraph.Open(
                    Path.Combine(path, HnswGraph.FileName), description.Graph.Sha256, vectors, ThreadsOf(device));
            return new VectorIndex(description, vectors, quantized, texts, graph, device);
        }
        catch
        {
            graph?.Dispose();
            texts?.Dispose();
            quantized?.Dispose();
            vectors.Dispose();
            throw;
        }
    }

    /// <summary>Finds the rows that are nearest to a query, the best first; of equal ones the lower row.</summary>
    /// <inheritdoc cref="Search(IReadOnlyList{float[]}, int, double, SimilarityFunction?, CancellationToken)"/>
    /// <param name="query">The query, of <see cref="Dimension"/> finite elements.</param>
    /// <param name="top">Rows at most, at least 1.</param>
    /// <param name="threshold">The lowest similarity of a row that is returned; by default any.</param>
    /// <param name="similarity">The similarity; null for <see cref="Similarity"/>.</param>
    /// <param name="cancellation">Stops before the next block of vectors.</param>
    public IReadOnlyList<SearchResult> Search(
        ReadOnlySpan<float> query,
        int top = 10,
        double threshold = double.NegativeInfinity,
        SimilarityFunction? similarity = null,
        CancellationToken cancellation = default) =>
        Search([query.ToArray()], top, threshold, similarity, cancellation)[0];

    /// <summary>
    /// Finds for each query the rows that are nearest to it, the best first; of equal ones the lower row.
    /// </summary>
    /// <param name="queries">The queries, each of <see cref="Dimension"/> finite elements.</param>
    /// <param name="top">Rows at most of a query, at least 1.</param>
    /// <param name="threshold">The lowest similarity of a row that is returned; by default any.</param>
    /// <param name="similarity">The similarity; null for <see cref="Similarity"/>.</param>
    /// <param name="cancellation">Stops before the next block of vectors.</param>
    /// <exception cref="ArgumentException">A query has another length or is not finite, or a number is out of its
    /// range.</exception>
    /// <exception cref="InvalidInputException">The index's file of texts is not valid.</exception>
    /// <exception cref="ObjectDisposedException">The index is closed.</exception>
    public IReadOnlyList<IReadOnlyList<SearchResult>> Search(
        IReadOnlyList<float[]> queries,
        int top = 10,
        double threshold = double.NegativeInfinity,
        SimilarityFunction? similarity = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(queries);
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        if (double.IsNaN(threshold)) throw new ArgumentException("found NaN, expected a number", nameof(threshold));
        float[] all = new float[checked(queries.Count * Dimension)];
        for (int i = 0; i < queries.Count; i++)
        {
            CheckQuery(queries[i], i);
            queries[i].CopyTo(all, i * Dimension);
        }
        lock (_oneAtATime)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            SimilarityFunction function = similarity ?? Similarity;
            ScoredRow[][] rows = _graphSearch?.Search(function, all, top, threshold, cancellation)
                ?? _device?.Search.Search(function, all, top, threshold, cancellation)
                ?? _search.Search(function, all, top, threshold, cancellation);
            return [.. rows.Select(found => found.Select(WithText).ToArray())];
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_oneAtATime)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            _graph?.Dispose();
            _device?.Dispose();
            _backend.Dispose();
            _texts?.Dispose();
            _quantized.Dispose();
            _vectors.Dispose();
        }
    }

    static int ThreadsOf(DeviceChoice device) => device.Threads ?? Environment.ProcessorCount;

    SearchResult WithText(ScoredRow found) => new(found.Row, found.Score, _texts?.Read(found.Row));

    void CheckQuery(float[] query, int number)
    {
        if (query is null || query.Length != Dimension)
            throw new ArgumentException($"query {number}: found {query?.Length} elements, expected {Dimension}");
        if (!TensorPrimitives.IsFiniteAll<float>(query))
            throw new ArgumentException($"query {number}: found an element that is not finite");
    }
}
