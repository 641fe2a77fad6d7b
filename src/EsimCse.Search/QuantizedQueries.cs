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
        float[] scaled = Scale(function, queries, dimension);
        sbyte[] numbers = new sbyte[scaled.Length];
        QuantizedRow[] rows = new QuantizedRow[scaled.Length / dimension];
        for (int query = 0; query < rows.Length; query++)
        {
            Range range = (query * dimension)..((query + 1) * dimension);
            rows[query] = QuantizedRow.Compute(scaled.AsSpan(range), numbers.AsSpan(range));
        }
        return new(scaled, numbers, rows);
    }

    /// <summary>Returns the queries of products: divided by their norms for the cosine; one of zeros stays.</summary>
    public static float[] Scale(SimilarityFunction function, float[] queries, int dimension)
    {
        if (function != SimilarityFunction.Cosine) return queries;
        float[] scaled = new float[queries.Length];
        for (int from = 0; from < queries.Length; from += dimension)
            VectorNorm.Normalize(queries.AsSpan(from, dimension), scaled.AsSpan(from, dimension));
        return scaled;
    }
}
