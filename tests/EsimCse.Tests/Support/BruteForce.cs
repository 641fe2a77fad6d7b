using EsimCse.Core;
using EsimCse.Search;

namespace EsimCse.Tests.Support;

static class BruteForce
{
    /// <summary>Ranks all rows by their similarities, in double; of equal ones the lower row is first.</summary>
    public static ScoredRow[] Search(
        SimilarityFunction function, float[][] vectors, float[] query, int top, double threshold) =>
    [
        .. vectors.Select((vector, row) => new ScoredRow(row, Similarity.Compute(function, query, vector)))
            .Where(row => row.Score >= threshold)
            .OrderByDescending(row => row.Score).ThenBy(row => row.Row)
            .Take(top),
    ];
}
