using EsimCse.Core;

namespace EsimCse.Search.Hnsw;

/// <summary>The share of the nearest rows that a graph finds.</summary>
/// <param name="Queries">Number of queries.</param>
/// <param name="Value">
/// Recall@10, 0 … 1: of the ten rows with the highest cosines, those that are found. A row whose cosine equals that of
/// the tenth counts as one of them.
/// </param>
sealed record Recall(int Queries, double Value)
{
    /// <summary>Nearest rows of a query.</summary>
    public const int Neighbors = 10;

    /// <summary>Rows that are searched for exactly, so that ten remain where some of them are held out.</summary>
    const int SearchedRows = 4 * Neighbors;

    /// <summary>Measures the recall of a graph that does not have the rows that are the queries.</summary>
    /// <param name="search">The search through the graph.</param>
    /// <param name="exact">The exact search of all rows.</param>
    /// <param name="vectors">The vectors of all rows.</param>
    /// <param name="heldOut">The rows that the graph does not have, at least one.</param>
    /// <param name="cancellation">Stops before the next query.</param>
    public static Recall Measure(
        HnswSearch search,
        ExactSearch exact,
        MappedVectors vectors,
        HeldOutRows heldOut,
        CancellationToken cancellation)
    {
        const SimilarityFunction function = SimilarityFunction.Cosine;
        const double threshold = double.NegativeInfinity;
        float[] queries =
            [.. Enumerable.Range(0, heldOut.Count).SelectMany(i => vectors.Row(heldOut.Row(i)).ToArray())];
        ScoredRow[][] nearest = exact.Search(function, queries, SearchedRows, threshold, cancellation);
        long expected = 0, found = 0;
        for (int i = 0; i < nearest.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            ScoredRow[] others = [.. nearest[i].Where(row => !heldOut.Contains(row.Row)).Take(Neighbors)];
            if (others.Length == 0) continue;
            ReadOnlySpan<float> query = vectors.Row(heldOut.Row(i));
            ScoredRow[] rows = search.FindNearest(function, query, others.Length, threshold) ?? [];
            expected += others.Length;
            found += rows.Count(row => row.Score >= others[^1].Score);
        }
        return new Recall(heldOut.Count, expected == 0 ? 1 : (double)found / expected);
    }
}
