namespace EsimCse.Search;

/// <summary>
/// The lowest score of use for each query of a batch, which threads raise as they find rows. Thread-safe.
/// </summary>
/// <param name="count">Number of queries.</param>
/// <param name="threshold">The lowest score that is kept.</param>
sealed class LowestScores(int count, double threshold)
{
    readonly double[] _scores = [.. Enumerable.Repeat(threshold, count)];

    /// <summary>Returns the lowest score of use so far.</summary>
    public double Read(int query) => Volatile.Read(ref _scores[query]);

    /// <summary>Raises a score to one that enough rows reach.</summary>
    public void Raise(int query, double score)
    {
        double found = Read(query);
        while (score > found)
        {
            double before = Interlocked.CompareExchange(ref _scores[query], score, found);
            if (before == found) return;
            found = before;
        }
    }
}
