using EsimCse.Core;

namespace EsimCse.Search.Hnsw;

/// <summary>
/// Search through a graph of cosines: the graph gives candidates, whose similarities are computed in double from the
/// vectors. A search that the graph cannot serve compares with all vectors.
/// </summary>
/// <param name="graph">The graph of the rows.</param>
/// <param name="vectors">Their vectors, of fp32.</param>
/// <param name="isNormalized">
/// Whether all vectors have norm 1, so that dot product and Euclidean distance rank as the cosine does.
/// </param>
/// <param name="exact">The exact search of the same vectors.</param>
/// <param name="threads">Number of threads of a search, at most those of the graph.</param>
sealed class HnswSearch(HnswGraph graph, MappedVectors vectors, bool isNormalized, ExactSearch exact, int threads)
{
    /// <summary>Candidates at least of a query.</summary>
    const int MinCandidates = 256;

    /// <inheritdoc cref="ExactSearch.Search"/>
    public ScoredRow[][] Search(
        SimilarityFunction function, float[] queries, int top, double threshold, CancellationToken cancellation)
    {
        int dimension = vectors.Dimension;
        bool isServed = function == SimilarityFunction.Cosine
            || (isNormalized && function is SimilarityFunction.Dot or SimilarityFunction.Euclidean);
        if (!isServed || Candidates(top) >= vectors.Rows)
            return exact.Search(function, queries, top, threshold, cancellation);
        ScoredRow[]?[] found = new ScoredRow[queries.Length / dimension][];
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = threads, CancellationToken = cancellation };
        Parallel.For(0, found.Length, parallel, i =>
            found[i] = FindNearest(function, queries.AsSpan(i * dimension, dimension), top, threshold));
        int[] rest = [.. Enumerable.Range(0, found.Length).Where(i => found[i] is null)];
        float[] restOfQueries = [.. rest.SelectMany(i => queries.AsSpan(i * dimension, dimension).ToArray())];
        ScoredRow[][] foundExactly = exact.Search(function, restOfQueries, top, threshold, cancellation);
        foreach ((int i, ScoredRow[] rows) in rest.Zip(foundExactly)) found[i] = rows;
        return found!;
    }

    /// <summary>
    /// Finds the best rows among the graph's candidates; null where the query has no direction or there are fewer
    /// candidates than rows asked for.
    /// </summary>
    public ScoredRow[]? FindNearest(SimilarityFunction function, ReadOnlySpan<float> query, int top, double threshold)
    {
        float[] normalized = query.ToArray();
        if (VectorNorm.Normalize(normalized) == 0) return null;
        ulong[] candidates = new ulong[Candidates(top)];
        int count = graph.Search(normalized, candidates);
        if (count < top) return null;
        TopRows best = new(top, threshold);
        foreach (ulong candidate in candidates.AsSpan(0, count))
        {
            long row = (long)candidate;
            best.Add(new ScoredRow(row, Similarity.Compute(function, query, vectors.Row(row))));
        }
        return best.ToSortedArray();
    }

    /// <summary>Returns the number of candidates among which a number of best rows is found.</summary>
    static int Candidates(int top) => (int)Math.Clamp(2L * top, MinCandidates, Array.MaxLength);
}
