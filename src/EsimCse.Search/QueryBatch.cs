using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using EsimCse.Core;

namespace EsimCse.Search;

/// <summary>
/// Queries whose first scores are computed together, and the best rows that one thread found for each.
/// </summary>
sealed class QueryBatch
{
    /// <summary>Rows in doubt of a query at most: sorted by their scores, a few of them leave out the others.</summary>
    const int MostInDoubt = 128;

    readonly SimilarityFunction _function;
    readonly ReadOnlyMemory<float> _queries;
    readonly int _dimension;
    readonly double _error;
    readonly double[] _norms;
    readonly QuantizedQueries? _quantized;
    readonly LowestScores _lowest;
    readonly double[] _boundedBy;
    readonly ScoreBound[] _bounds;
    readonly List<RowInDoubt>[] _inDoubt;
    readonly float[] _scales;
    readonly float[] _slopes;
    readonly float[] _errorSlopes;
    readonly float[] _offsets;

    /// <summary>Creates the batch without any row found.</summary>
    /// <param name="function">The similarity.</param>
    /// <param name="queries">The queries, [count, dimension].</param>
    /// <param name="quantized">The queries of the products; null where these are not rounded.</param>
    /// <param name="dimension">Elements of a query.</param>
    /// <param name="top">Rows to find for each query.</param>
    /// <param name="threshold">The lowest score that is kept.</param>
    /// <param name="lowest">The lowest scores that all threads share.</param>
    public QueryBatch(
        SimilarityFunction function,
        ReadOnlyMemory<float> queries,
        QuantizedQueries? quantized,
        int dimension,
        int top,
        double threshold,
        LowestScores lowest)
    {
        _function = function;
        _queries = queries;
        _quantized = quantized;
        _lowest = lowest;
        _dimension = dimension;
        _error = ScoreBound.Error(dimension);
        int count = queries.Length / dimension;
        Found = [.. Enumerable.Range(0, count).Select(_ => new TopRows(top, threshold))];
        _norms = [.. Enumerable.Range(0, count).Select(query => VectorNorm.Compute(Query(query)))];
        _scales = [.. Enumerable.Range(0, count).Select(query => quantized?.Rows[query].Scale ?? 1)];
        _inDoubt = [.. Enumerable.Range(0, count).Select(_ => new List<RowInDoubt>())];
        _boundedBy = new double[count];
        _bounds = new ScoreBound[count];
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

    /// <summary>Takes over the rows that are still in doubt after the last block.</summary>
    public void Finish(MappedVectors vectors)
    {
        for (int query = 0; query < Found.Length; query++) Resolve(query, vectors);
    }

    /// <summary>Adds the rows that another thread found for the same queries.</summary>
    public void AddAll(QueryBatch others)
    {
        for (int query = 0; query < Found.Length; query++) Found[query].AddAll(others.Found[query]);
    }

    void Select(int query, MappedVectors vectors, long first, BlockTerms terms, ReadOnlySpan<float> scores)
    {
        int row = 0;
        if (_lowest.Read(query) > _boundedBy[query]) UpdateBound(query);
        while ((row = FindInDoubt(query, terms, scores, row)) <= scores.Length - Vector256<float>.Count)
            for (int end = row + Vector256<float>.Count; row < end; row++)
                if (!IsBelowBound(query, terms, row, scores[row])) Add(query, vectors, first, terms, row, scores[row]);
        for (; row < scores.Length; row++)
            if (!IsBelowBound(query, terms, row, scores[row])) Add(query, vectors, first, terms, row, scores[row]);
    }

    /// <summary>
    /// Returns the first row of the next vector of rows that are not all below their bounds; where there is none, the
    /// row from which on there are fewer than a vector has.
    /// </summary>
    // Optimized at once: a search of the tool is over before the compiler would get to it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    int FindInDoubt(int query, BlockTerms terms, ReadOnlySpan<float> scores, int row)
    {
        ref float score = ref MemoryMarshal.GetReference(scores);
        ref float scale = ref MemoryMarshal.GetReference(terms.Scales);
        ref float norm = ref MemoryMarshal.GetReference(terms.Norms);
        ref float error = ref MemoryMarshal.GetReference(terms.Errors);
        ref float offset = ref MemoryMarshal.GetReference(terms.Offsets);
        Vector256<float> queryScale = Vector256.Create(_scales[query]);
        Vector256<float> queryOffset = Vector256.Create(_offsets[query]);
        Vector256<float> slope = Vector256.Create(_slopes[query]);
        Vector256<float> errorSlope = Vector256.Create(_errorSlopes[query]);
        for (; row <= scores.Length - Vector256<float>.Count; row += Vector256<float>.Count)
        {
            nuint at = (nuint)row;
            Vector256<float> bounds = Vector256.LoadUnsafe(ref offset, at) + queryOffset;
            bounds = Vector256.MultiplyAddEstimate(Vector256.LoadUnsafe(ref norm, at), slope, bounds);
            bounds = Vector256.MultiplyAddEstimate(Vector256.LoadUnsafe(ref error, at), errorSlope, bounds);
            Vector256<float> products = Vector256.LoadUnsafe(ref score, at) * Vector256.LoadUnsafe(ref scale, at);
            // A score that is not a number is not below the bound.
            if (!Vector256.LessThanAll(products * queryScale, bounds)) break;
        }
        return row;
    }

    bool IsBelowBound(int query, BlockTerms terms, int row, float score)
    {
        float bound = terms.Offsets[row] + _offsets[query] + terms.Norms[row] * _slopes[query];
        return score * terms.Scales[row] * _scales[query] < bound + terms.Errors[row] * _errorSlopes[query];
    }

    void Add(int query, MappedVectors vectors, long first, BlockTerms terms, int row, float score)
    {
        float product = score * terms.Scales[row] * _scales[query];
        _inDoubt[query].Add(new(first + row, product, terms.Norms[row], terms.Errors[row], terms.Offsets[row]));
        if (_inDoubt[query].Count == MostInDoubt) Resolve(query, vectors);
    }

    /// <summary>Computes the similarities of rows in doubt, the most promising first: they raise the bound.</summary>
    void Resolve(int query, MappedVectors vectors)
    {
        List<RowInDoubt> rows = _inDoubt[query];
        (float slope, float errorSlope, float offset) = (_slopes[query], _errorSlopes[query], _offsets[query]);
        Span<float> margins = stackalloc float[rows.Count];
        Span<int> order = stackalloc int[rows.Count];
        for (int i = 0; i < rows.Count; i++)
        {
            margins[i] = -rows[i].Margin(slope, errorSlope, offset);
            order[i] = i;
        }
        margins.Sort(order);
        foreach (int i in order)
        {
            RowInDoubt row = rows[i];
            float bound = row.Offset + _offsets[query] + row.Norm * _slopes[query] + row.Error * _errorSlopes[query];
            if (!(row.Product < bound)) Consider(query, vectors.Row(row.Row), row);
        }
        rows.Clear();
    }

    void Consider(int query, ReadOnlySpan<float> vector, RowInDoubt row)
    {
        if (_quantized is not null)
        {
            // Most rows that the rounding leaves in doubt are out of question for a product in fp32.
            ReadOnlySpan<float> product = _quantized.Queries.AsSpan(query * _dimension, _dimension);
            ScoreBound bound = _bounds[query];
            float lowest = bound.Slope * row.Norm + (bound.Offset + row.Offset);
            if (TensorPrimitives.Dot(product, vector) < lowest) return;
        }
        double similarity = Similarity.Compute(_function, Query(query), vector);
        if (!Found[query].Add(new ScoredRow(row.Row, similarity))) return;
        _lowest.Raise(query, Found[query].LowestScore);
        UpdateBound(query);
    }

    void UpdateBound(int query)
    {
        double lowest = _lowest.Read(query);
        ScoreBound bound = ScoreBound.Compute(_function, _norms[query], lowest, _error);
        _boundedBy[query] = lowest;
        _bounds[query] = bound;
        _slopes[query] = bound.Slope;
        _offsets[query] = bound.Offset;
        if (_quantized is null) return;
        // With x = x̂ + r and q = q̂ + s: x·q − x̂·q̂ = r·q + x̂·s, at most ‖r‖ ‖q‖ + (‖x‖ + ‖r‖) ‖s‖.
        QuantizedRow rounding = _quantized.Rows[query];
        _slopes[query] -= rounding.Error;
        _errorSlopes[query] = -(rounding.Norm + rounding.Error);
    }

    ReadOnlySpan<float> Query(int query) => _queries.Span.Slice(query * _dimension, _dimension);
}
