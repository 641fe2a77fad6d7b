using System.Numerics;
using System.Runtime.CompilerServices;
using EsimCse.Core;

namespace EsimCse.Search;

/// <summary>
/// Queries whose fp32 scores are computed together, and the best rows that one thread found for each.
/// </summary>
sealed class QueryBatch
{
    readonly SimilarityFunction _function;
    readonly ReadOnlyMemory<float> _queries;
    readonly int _dimension;
    readonly double _error;
    readonly double[] _norms;
    readonly float[] _slopes;
    readonly float[] _offsets;

    /// <summary>Creates the batch without any row found.</summary>
    /// <param name="function">The similarity.</param>
    /// <param name="queries">The queries, [count, dimension].</param>
    /// <param name="dimension">Elements of a query.</param>
    /// <param name="top">Rows to find for each query.</param>
    /// <param name="threshold">The lowest score that is kept.</param>
    public QueryBatch(
        SimilarityFunction function, ReadOnlyMemory<float> queries, int dimension, int top, double threshold)
    {
        _function = function;
        _queries = queries;
        _dimension = dimension;
        _error = ScoreBound.Error(dimension);
        int count = queries.Length / dimension;
        Found = [.. Enumerable.Range(0, count).Select(_ => new TopRows(top, threshold))];
        _norms = [.. Enumerable.Range(0, count).Select(query => VectorNorm.Compute(Query(query)))];
        _slopes = new float[count];
        _offsets = new float[count];
        for (int query = 0; query < count; query++) UpdateBound(query);
    }

    /// <summary>The best rows of each query.</summary>
    public TopRows[] Found { get; }

    /// <summary>
    /// Takes over the rows of a block that are among the best so far. Their similarities are computed in double; the
    /// fp32 scores only leave out the rows that cannot be.
    /// </summary>
    /// <param name="vectors">The vectors.</param>
    /// <param name="first">The block's first row.</param>
    /// <param name="norms">The norm of each row of the block.</param>
    /// <param name="scores">
    /// The fp32 scores, [rows, queries]: products, with queries of norm 1 for the cosine; negative distances for
    /// Manhattan.
    /// </param>
    public void Select(MappedVectors vectors, long first, ReadOnlySpan<float> norms, ReadOnlySpan<float> scores)
    {
        int count = Found.Length;
        for (int i = 0; i < norms.Length; i++)
        {
            float norm = norms[i];
            float offset = ScoreBound.RowOffset(_function, norm, _error);
            ScannedRow row = new(first + i, norm, offset, ScoreBound.IsInRange(norm));
            SelectRow(vectors.Row(row.Number), row, scores.Slice(i * count, count));
        }
    }

    /// <summary>Adds the rows that another thread found for the same queries.</summary>
    public void AddAll(QueryBatch others)
    {
        for (int query = 0; query < Found.Length; query++) Found[query].AddAll(others.Found[query]);
    }

    // Optimized at once: a search of the tool is over before the compiler would get to it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void SelectRow(ReadOnlySpan<float> vector, ScannedRow row, ReadOnlySpan<float> scores)
    {
        Vector<float> norm = new(row.Norm);
        Vector<float> rowOffset = new(row.Offset);
        int query = 0;
        for (; query <= scores.Length - Vector<float>.Count; query += Vector<float>.Count)
        {
            Vector<float> offsets = new Vector<float>(_offsets, query) + rowOffset;
            Vector<float> bounds = new Vector<float>(_slopes, query) * norm + offsets;
            if (row.IsInRange && Vector.LessThanAll(new Vector<float>(scores[query..]), bounds)) continue;
            for (int i = query; i < query + Vector<float>.Count; i++) Consider(vector, row, i, scores[i]);
        }
        for (; query < scores.Length; query++) Consider(vector, row, query, scores[query]);
    }

    void Consider(ReadOnlySpan<float> vector, ScannedRow row, int query, float score)
    {
        // A score that is not a number is not below the bound.
        if (row.IsInRange && score < _slopes[query] * row.Norm + (_offsets[query] + row.Offset)) return;
        double similarity = Similarity.Compute(_function, Query(query), vector);
        if (Found[query].Add(new ScoredRow(row.Number, similarity))) UpdateBound(query);
    }

    void UpdateBound(int query)
    {
        ScoreBound bound = ScoreBound.Compute(_function, _norms[query], Found[query].LowestScore, _error);
        _slopes[query] = bound.Slope;
        _offsets[query] = bound.Offset;
    }

    ReadOnlySpan<float> Query(int query) => _queries.Span.Slice(query * _dimension, _dimension);

    /// <summary>A row of the block, with the part of the bound that is the same for all queries.</summary>
    readonly record struct ScannedRow(long Number, float Norm, float Offset, bool IsInRange);
}
