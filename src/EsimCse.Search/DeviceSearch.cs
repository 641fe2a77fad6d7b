using EsimCse.Core;
using EsimCse.Core.Backend;

namespace EsimCse.Search;

/// <summary>
/// Exact search on a device: its products in fp32 and <see cref="IBackend.TopK"/> name a few rows more than are asked
/// for, and the similarities of these are computed in double. The host searches where a row that was not named could
/// still be one of the best, and by the Manhattan distance, which is no product.
/// </summary>
/// <param name="device">The device.</param>
/// <param name="vectors">The vectors, of fp32.</param>
/// <param name="deviceVectors">The same on the device.</param>
/// <param name="host">The search of the host.</param>
sealed class DeviceSearch(IBackend device, MappedVectors vectors, DeviceVectors deviceVectors, ExactSearch host)
    : IDisposable
{
    /// <summary>Rows that the device names beyond those that are asked for.</summary>
    const int Margin = 32;

    /// <summary>Queries of a product.</summary>
    const int BatchSize = 256;

    /// <summary>Most rows that every query is compared with in double; with more the host searches.</summary>
    const int MaxOutOfRange = 1024;

    static readonly HashSet<long> NoRows = [];

    readonly double _error = ScoreBound.Error(vectors.Dimension);

    readonly Arena _arena = new(device);

    /// <summary>Number of queries for which the host searched, because the device left a row in doubt.</summary>
    public long InDoubt { get; private set; }

    /// <inheritdoc cref="ExactSearch.Search"/>
    public ScoredRow[][] Search(
        SimilarityFunction function, float[] queries, int top, double threshold, CancellationToken cancellation)
    {
        int count = queries.Length / vectors.Dimension;
        bool isOfHost = function == SimilarityFunction.Manhattan
            || top > IBackend.MaxTopK - Margin
            || function != SimilarityFunction.Cosine && deviceVectors.OutOfRange.Count > MaxOutOfRange;
        if (isOfHost || count == 0 || vectors.Rows == 0)
            return host.Search(function, queries, top, threshold, cancellation);
        (float[] scores, int[] rows) = NameRows(function, queries, top + Margin, cancellation);
        ScoredRow[]?[] found = new ScoredRow[]?[count];
        Parallel.For(0, count, query =>
        {
            Range named = (query * (top + Margin))..((query + 1) * (top + Margin));
            ReadOnlySpan<float> vector = Query(queries, query);
            found[query] = Rank(function, vector, scores.AsSpan(named), rows.AsSpan(named), top, threshold);
        });
        int[] inDoubt = [.. Enumerable.Range(0, count).Where(query => found[query] is null)];
        InDoubt += inDoubt.Length;
        float[] again = [.. inDoubt.SelectMany(query => Query(queries, query).ToArray())];
        ScoredRow[][] others = host.Search(function, again, top, threshold, cancellation);
        for (int i = 0; i < inDoubt.Length; i++) found[inDoubt[i]] = others[i];
        return found!;
    }

    /// <inheritdoc/>
    public void Dispose() => _arena.Dispose();

    ReadOnlySpan<float> Query(float[] queries, int query) =>
        queries.AsSpan(query * vectors.Dimension, vectors.Dimension);

    /// <summary>Returns the k best rows of each query by their scores in fp32, [count, k].</summary>
    (float[] Scores, int[] Rows) NameRows(
        SimilarityFunction function, float[] queries, int k, CancellationToken cancellation)
    {
        int count = queries.Length / vectors.Dimension;
        float[] topScores = new float[count * k];
        int[] topRows = new int[count * k];
        topScores.AsSpan().Fill(float.NegativeInfinity);
        topRows.AsSpan().Fill(-1);
        Buffers buffers = _arena.Carve(arena => new Buffers(
            Queries: arena.Allocate(count, vectors.Dimension),
            Bias: arena.Allocate(1, deviceVectors.BlockRows),
            Scores: arena.Allocate(Math.Min(count, BatchSize), deviceVectors.BlockRows),
            TopScores: arena.Allocate(count, k),
            TopRows: arena.Allocate(count, k, ElementType.Int32)));
        device.Upload<float>(QuantizedQueries.Scale(function, queries, vectors.Dimension), buffers.Queries);
        device.Upload<float>(topScores, buffers.TopScores);
        device.Upload<int>(topRows, buffers.TopRows);
        for (long first = 0; first < vectors.Rows; first += deviceVectors.BlockRows)
        {
            cancellation.ThrowIfCancellationRequested();
            SearchBlock(function, (int)first, buffers);
        }
        device.Download(buffers.TopScores, topScores.AsSpan());
        device.Download(buffers.TopRows, topRows.AsSpan());
        return (topScores, topRows);
    }

    void SearchBlock(SimilarityFunction function, int first, Buffers buffers)
    {
        Matrix block = deviceVectors.Load(first, normalized: function == SimilarityFunction.Cosine);
        Matrix bias = default;
        if (function == SimilarityFunction.Euclidean)
        {
            bias = buffers.Bias with { Columns = block.Rows };
            device.Upload<float>(deviceVectors.NegativeHalfSquares(first, block.Rows), bias);
        }
        for (int query = 0; query < buffers.Queries.Rows; query += BatchSize)
        {
            int batch = Math.Min(BatchSize, buffers.Queries.Rows - query);
            Matrix scores = buffers.Scores with { Rows = batch, Columns = block.Rows };
            device.LinearForward(buffers.Queries.Slice(query, batch), block, bias, batchInvariant: false, scores);
            device.TopK(scores, first, buffers.TopScores.Slice(query, batch), buffers.TopRows.Slice(query, batch));
        }
    }

    /// <summary>Ranks the named rows in double; returns null where another row may be one of the best.</summary>
    ScoredRow[]? Rank(
        SimilarityFunction function,
        ReadOnlySpan<float> query,
        ReadOnlySpan<float> scores,
        ReadOnlySpan<int> rows,
        int top,
        double threshold)
    {
        double norm = VectorNorm.Compute(query);
        if (!ScoreBound.IsInRange(norm)) return null;
        TopRows best = new(top, threshold);
        IReadOnlySet<long> outOfRange = function == SimilarityFunction.Cosine ? NoRows : deviceVectors.OutOfRange;
        foreach (long row in outOfRange) Add(row, query);
        foreach (int row in rows)
            if (row >= 0 && !outOfRange.Contains(row)) Add(row, query);
        bool areAll = rows[^1] < 0;
        return areAll || scores[^1] < LowestScore(function, norm, best.LowestScore) ? best.ToSortedArray() : null;

        void Add(long row, ReadOnlySpan<float> vector) =>
            best.Add(new ScoredRow(row, Similarity.Compute(function, vector, vectors.Row(row))));
    }

    /// <summary>Returns the lowest score in fp32 of a row whose similarity reaches a lowest one.</summary>
    double LowestScore(SimilarityFunction function, double queryNorm, double lowest)
    {
        ScoreBound bound = ScoreBound.Compute(function, queryNorm, lowest, _error);
        double norm = function == SimilarityFunction.Cosine ? 1 : deviceVectors.MaxNorm;
        // The bias is ‖x‖² / 2, from which the bound of a product takes 4 errors.
        double bias = function == SimilarityFunction.Euclidean ? 2 * _error * norm * norm : 0;
        return bound.Slope * norm + bound.Offset - bias;
    }

    readonly record struct Buffers(Matrix Queries, Matrix Bias, Matrix Scores, Matrix TopScores, Matrix TopRows);
}
