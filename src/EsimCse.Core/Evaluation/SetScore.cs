namespace EsimCse.Core.Evaluation;

/// <summary>Pairs whose lengths in pieces differ by a certain amount.</summary>
public sealed record LengthGroup(int Pairs, double Spearman, double MeanCosine, double MeanGold)
{
    internal static LengthGroup Of(double[] cosines, double[] gold) =>
        new(gold.Length, Correlation.Spearman(cosines, gold), Correlation.Mean(cosines), Correlation.Mean(gold));
}

/// <summary>How well cosines follow what people found: of all pairs, and of those with lengths alike (at most 3 pieces apart) and unlike.</summary>
public sealed record SetScore(int Pairs, double Spearman, double Pearson, LengthGroup Near, LengthGroup Far)
{
    const int NearDifference = 3;

    /// <summary>Scores vectors: rows of <paramref name="dimension"/>, first and second sentence of each pair in turn, with their lengths in pieces.</summary>
    public static SetScore Compute(ReadOnlySpan<float> vectors, int dimension, IReadOnlyList<int> lengths, IReadOnlyList<ScoredPair> pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        ArgumentNullException.ThrowIfNull(lengths);
        double[] cosines = new double[pairs.Count], gold = [.. pairs.Select(pair => pair.Gold)];
        for (int i = 0; i < pairs.Count; i++)
            cosines[i] = Cosine(vectors.Slice(2 * i * dimension, dimension), vectors.Slice((2 * i + 1) * dimension, dimension));
        bool[] near = [.. pairs.Select((_, i) => Math.Abs(lengths[2 * i] - lengths[2 * i + 1]) <= NearDifference)];
        return new SetScore(pairs.Count, Correlation.Spearman(cosines, gold), Correlation.Pearson(cosines, gold), Group(true), Group(false));

        LengthGroup Group(bool which) => LengthGroup.Of([.. cosines.Where((_, i) => near[i] == which)], [.. gold.Where((_, i) => near[i] == which)]);
    }

    /// <summary>The cosine, 0 where a vector is zero.</summary>
    public static double Cosine(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        (double xx, double yy, double xy) = (0, 0, 0);
        for (int i = 0; i < x.Length; i++) (xx, yy, xy) = (xx + (double)x[i] * x[i], yy + (double)y[i] * y[i], xy + (double)x[i] * y[i]);
        return xx == 0 || yy == 0 ? 0 : xy / Math.Sqrt(xx * yy);
    }
}
