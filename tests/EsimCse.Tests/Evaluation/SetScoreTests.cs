using EsimCse.Core;
using EsimCse.Core.Evaluation;

namespace EsimCse.Tests.Evaluation;

public class SetScoreTests
{
    const double Tolerance = 1e-12;

    /// <summary>Cosines 1, 0, −1 and 0.6.</summary>
    static readonly float[] Vectors =
    [
        1, 0, 2, 0,
        1, 0, 0, 1,
        1, 0, -3, 0,
        3, 4, 5, 0,
    ];

    static readonly ScoredPair[] Pairs =
        [new("a", "b", 5), new("c", "d", 2), new("e", "f", 0), new("g", "h", 4)];

    static SetScore Score(params int[] lengths) => SetScore.Compute(Vectors, 2, lengths, Pairs);

    [Fact]
    public void Correlations_are_between_cosines_and_gold_scores()
    {
        SetScore score = Score(5, 5, 5, 5, 5, 5, 5, 5);
        Assert.Equal(4, score.Pairs);
        Assert.Equal(1, score.Spearman, Tolerance);
        // Deviations 0.85 −0.15 −1.15 0.45 and 2.25 −0.75 −2.75 1.25: products 5.75, squares 2.27 and 14.75.
        Assert.Equal(5.75 / Math.Sqrt(2.27 * 14.75), score.Pearson, Tolerance);
    }

    [Fact]
    public void Pairs_are_grouped_by_their_difference_in_length()
    {
        SetScore score = Score(5, 8, 5, 9, 4, 4, 10, 5);
        Assert.Equal(new LengthGroup(2, 1, 0, 2.5), score.Near);
        Assert.Equal(2, score.Far.Pairs);
        Assert.Equal(1, score.Far.Spearman, Tolerance);
        Assert.Equal(0.3, score.Far.MeanCosine, Tolerance);
        Assert.Equal(3, score.Far.MeanGold, Tolerance);
    }

    [Fact]
    public void A_group_without_pairs_has_NaN_scores()
    {
        LengthGroup far = Score(1, 1, 1, 1, 1, 1, 1, 1).Far;
        Assert.Equal(new LengthGroup(0, double.NaN, double.NaN, double.NaN), far);
    }

    [Fact]
    public void Another_similarity_changes_the_correlations_and_not_the_mean_cosines()
    {
        int[] lengths = [5, 5, 5, 5, 5, 5, 5, 5];
        SetScore dot = SetScore.Compute(Vectors, 2, lengths, Pairs, SimilarityFunction.Dot);
        // Products 2, 0, −3 and 15 against gold 5, 2, 0 and 4: two of the ranks are exchanged.
        Assert.Equal(0.8, dot.Spearman, Tolerance);
        Assert.Equal(0.8, dot.Near.Spearman, Tolerance);
        Assert.Equal(Score(lengths).Near.MeanCosine, dot.Near.MeanCosine);
    }
}
