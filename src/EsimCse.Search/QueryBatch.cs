using System.Numerics;
using System.Runtime.CompilerServices;
using EsimCse.Core;

namespace EsimCse.Search;

/// <summary>
/// Queries whose first scores are computed together, and the best rows that one thread found for each.
/// </summary>
sealed class QueryBatch
{
    readonly SimilarityFunction _function;
    readonly ReadOnlyMemory<float> _queries;
    readonly int _dimension;
    readonly double _error;
    readonly double[] _norms;
    readonly QuantizedRow[]? _quantized;
    readonly float[] _scales;
    readonly float[] _slopes;
    readonly float[] _errorSlopes;
    readonly float[] _offsets;

    /// <summary>Creates the batch without any row found.</summary>
    /// <param name="function">The similarity.</param>
    /// <param name="queries">The queries, [count, dimension].</param>
    /// <param name="quantized">The rounding of each query in the products; null where they are unrounded.</param>
    /// <param name="dimension">Elements of a query.</param>
    /// <param name="top">Rows to find for each query.</param>
    /// <param name="threshold">The lowest score that is kept.</param>
    public QueryBatch(
        SimilarityFunction function,
        ReadOnlyMemory<float> queries,
        QuantizedRow[]? quantized,
        int dimension,
        int top,
        double threshold)
    {
        _quantized = quantized;
        _function = function;
        _queries = queries;
        _dimension = dimension;
        _error = ScoreBound.Error(dimension);
        int count = queries.Length / dimension;
        Found = [.. Enumerable.Range(0, count).Select(_ => new TopRows(top, threshold))];
        _norms = [.. Enumerable.Range(0, count).Select(query => VectorNorm.Compute(Query(query)))];
        _scales = [.. Enumerable.Range(0, count).Select(query => quantized?[query].Scale ?? 1)];
        _slopes = new float[count];
        _errorSlopes = new float[count];
        _offsets = new float[count];
        for (int query = 0; query < count; query++) UpdateBound(query);
    }

    /// <summary>The best rows of each query.</summary>
    public TopRows[] Found { get; }

    /// <summary>
    /// Takes over the rows of a block that are among the best so far. Their similarities are computed in double; the
    /// first scores only leave out the rows that cannot be.
    /// </summary>
    /// <param name="vectors">The vectors.</param>
    /// <param name="first">The block's first row.</param>
    /// <param name="terms">The terms of the rows' bounds.</param>
    /// <param name="scores">The scores of <see cref="QueryProducts.Compute"/>, [queries, rows].</param>
    public void Select(MappedVectors vectors, long first, BlockTerms terms, ReadOnlySpan<float> scores)
    {
        for (int query = 0; query < Found.Length; query++)
            Select(query, vectors, first, terms, scores.Slice(query * terms.Count, terms.Count));
    }

    /// <summary>Adds the rows that another thread found for the same queries.</summary>
    public void AddAll(QueryBatch others)
    {
        for (int query = 0; query < Found.Length; query++) Found[query].AddAll(others.Found[query]);
    }

    // Optimized at once: a search of the tool is over before the compiler would get to it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Select(int query, MappedVectors vectors, long first, BlockTerms terms, ReadOnlySpan<float> scores)
    {
        ReadOnlySpan<float> scales = terms.Scales;
        ReadOnlySpan<float> norms = terms.Norms;
        ReadOnlySpan<float> errors = terms.Errors;
        ReadOnlySpan<float> offsets = terms.Offsets;
        int row = 0;
        for (; row <= scores.Length - Vector<float>.Count; row += Vector<float>.Count)
        {
            Vector<float> bounds = new Vector<float>(offsets[row..]) + new Vector<float>(_offsets[query]);
            bounds += new Vector<float>(norms[row..]) * _slopes[query];
            bounds += new Vector<float>(errors[row..]) * _errorSlopes[query];
            Vector<float> products = new Vector<float>(scores[row..]) * new Vector<float>(scales[row..]);
            // A score that is not a number is not below the bound.
            if (Vector.LessThanAll(products * _scales[query], bounds)) continue;
            for (int i = row; i < row + Vector<float>.Count; i++)
                if (!IsBelowBound(query, terms, i, scores[i])) Consider(query, vectors, first + i);
        }
        for (; row < scores.Length; row++)
            if (!IsBelowBound(query, terms, row, scores[row])) Consider(query, vectors, first + row);
    }

    bool IsBelowBound(int query, BlockTerms terms, int row, float score)
    {
        float bound = terms.Offsets[row] + _offsets[query] + terms.Norms[row] * _slopes[query];
        return score * terms.Scales[row] * _scales[query] < bound + terms.Errors[row] * _errorSlopes[query];
    }

    void Consider(int query, MappedVectors vectors, long row)
    {
        double similarity = Similarity.Compute(_function, Query(query), vectors.Row(row));
        if (Found[query].Add(new ScoredRow(row, similarity))) UpdateBound(query);
    }

    void UpdateBound(int query)
    {
        ScoreBound bound = ScoreBound.Compute(_function, _norms[query], Found[query].LowestScore, _error);
        _slopes[query] = bound.Slope;
        _offsets[query] = bound.Offset;
        if (_quantized is null) return;
        // With x = x̂ + r and q = q̂ + s: x·q − x̂·q̂ = r·q + x̂·s, at most ‖r‖ ‖q‖ + (‖x‖ + ‖r‖) ‖s‖.
        QuantizedRow rounding = _quantized[query];
        _slopes[query] -= rounding.Error;
        _errorSlopes[query] = -(rounding.Norm + rounding.Error);
    }

    ReadOnlySpan<float> Query(int query) => _queries.Span.Slice(query * _dimension, _dimension);
}
