namespace EsimCse.Core.Evaluation;

/// <summary>Scores of an encoder on the dev set of the STS benchmark; one that is undefined is NaN.</summary>
/// <param name="Spearman">Spearman's correlation of cosines and gold scores, −1 … 1.</param>
/// <param name="Alignment">The mean of ‖x − y‖² over the pairs scored at least 4, for unit vectors.</param>
/// <param name="Uniformity">The log of the mean of e^(−2‖x − y‖²) over all pairs of sentences.</param>
public sealed record DevEvaluation(double Spearman, double Alignment, double Uniformity)
{
    /// <summary>The correlation of the pairs whose lengths differ by at most 3 tokens.</summary>
    public double NearSpearman { get; init; } = double.NaN;

    /// <summary>The correlation of the other pairs.</summary>
    public double FarSpearman { get; init; } = double.NaN;

    /// <summary>The mean cosine of the pairs whose lengths differ by at most 3 tokens.</summary>
    public double NearMeanCosine { get; init; } = double.NaN;

    /// <summary>The mean cosine of the other pairs.</summary>
    public double FarMeanCosine { get; init; } = double.NaN;

    /// <summary>The scores by their names in metrics.jsonl.</summary>
    public IEnumerable<KeyValuePair<string, double>> Values =>
    [
        new("stsb_dev", Spearman),
        new("alignment", Alignment),
        new("uniformity", Uniformity),
        new("near_spearman", NearSpearman),
        new("far_spearman", FarSpearman),
        new("near_mean_cosine", NearMeanCosine),
        new("far_mean_cosine", FarMeanCosine),
    ];

    /// <summary>Scores the vectors of the dev set.</summary>
    /// <param name="vectors">[2 × pairs, dimension], as in <see cref="SetScore.Compute"/>.</param>
    /// <param name="dimension">Elements of a vector.</param>
    /// <param name="lengths">Tokens of each sentence.</param>
    /// <param name="pairs">The pairs with their gold scores.</param>
    internal static DevEvaluation Compute(
        float[] vectors, int dimension, IReadOnlyList<int> lengths, IReadOnlyList<ScoredPair> pairs)
    {
        SetScore score = SetScore.Compute(vectors, dimension, lengths, pairs);
        double alignment = AlignmentUniformity.Alignment(vectors, dimension, pairs);
        double uniformity = AlignmentUniformity.Uniformity(vectors, dimension, StsSets.Sentences(pairs));
        return new DevEvaluation(score.Spearman, alignment, uniformity)
        {
            NearSpearman = score.Near.Spearman,
            FarSpearman = score.Far.Spearman,
            NearMeanCosine = score.Near.MeanCosine,
            FarMeanCosine = score.Far.MeanCosine,
        };
    }
}
