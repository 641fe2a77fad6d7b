namespace EsimCse.Tests.Reference;

static class TopK
{
    /// <summary>
    /// Returns the k best of a list and of new scores, as pairs of score and row: by score, then by row. NaN is left
    /// out, and so are rows of −1; an unused place has row −1 and score −∞.
    /// </summary>
    public static (double Score, int Row)[] Merge(
        IEnumerable<(double Score, int Row)> top, double[] scores, int firstRow, int k)
    {
        IEnumerable<(double Score, int Row)> added = scores.Select((score, i) => (score, firstRow + i));
        (double, int)[] best =
        [
            .. top.Concat(added)
                .Where(pair => pair.Row >= 0 && !double.IsNaN(pair.Score))
                .OrderByDescending(pair => pair.Score).ThenBy(pair => pair.Row)
                .Take(k),
        ];
        return [.. best, .. Enumerable.Repeat((double.NegativeInfinity, -1), k - best.Length)];
    }
}
