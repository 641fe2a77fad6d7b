using EsimCse.Core;

namespace EsimCse.Search;

/// <summary>The queries of a batch as products of rounded vectors take them.</summary>
/// <param name="Queries">The queries, [count, dimension]: divided by their norms for the cosine.</param>
/// <param name="Numbers">The same rounded to numbers of −127 … 127.</param>
/// <param name="Rows">The rounding of each query.</param>
sealed record QuantizedQueries(float[] Queries, sbyte[] Numbers, QuantizedRow[] Rows)
{
    /// <summary>Rounds queries.</summary>
    /// <param name="function">The similarity.</param>
    /// <param name="queries">The queries, [count, dimension].</param>
    /// <param name="dimension">Elements of a query.</param>
    public static QuantizedQueries Compute(SimilarityFunction function, float[] queries, int dimension)
    {
        float[] scaled = function == SimilarityFunction.Cosine ? Normalize(queries, dimension) : queries;
        sbyte[] numbers = new sbyte[scaled.Length];
        QuantizedRow[] rows = new QuantizedRow[scaled.Length / dimension];
        for (int query = 0; query < rows.Length; query++)
        {
            Range range = (query * dimension)..((query + 1) * dimension);
            rows[query] = QuantizedRow.Compute(scaled.AsSpan(range), numbers.AsSpan(range));
        }
        return new(scaled, numbers, rows);
    }

    /// <summary>Divides each query by its norm; one of zeros stays.</summary>
    static float[] Normalize(float[] queries, int dimension)
    {
        float[] normalized = new float[queries.Length];
        for (int from = 0; from < queries.Length; from += dimension)
        {
            double norm = VectorNorm.Compute(queries.AsSpan(from, dimension));
            if (norm == 0) continue;
            for (int i = from; i < from + dimension; i++) normalized[i] = (float)(queries[i] / norm);
        }
        return normalized;
    }
}
