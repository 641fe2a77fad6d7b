namespace EsimCse.Core.Evaluation;

/// <summary>Scores of the pairs whose lengths in tokens differ by little, or by more.</summary>
sealed record LengthGroup(int Pairs, double Spearman, double MeanCosine, double MeanGold)
{
    public static LengthGroup From(double[] similarities, double[] cosines, double[] gold)
    {
        double spearman = Correlation.Spearman(similarities, gold);
        return new LengthGroup(gold.Length, spearman, Correlation.Mean(cosines), Correlation.Mean(gold));
    }
}

/// <summary>
/// Correlations between similarities and gold scores: of all pairs, of those at most 3 tokens apart in length
/// (<see cref="Near"/>) and of the others (<see cref="Far"/>).
/// </summary>
sealed record SetScore(int Pairs, double Spearman, double Pearson, LengthGroup Near, LengthGroup Far)
{
    const int NearDifference = 3;

    /// <summary>Scores the vectors of a set.</summary>
    /// <param name="vectors">[2 × pairs, dimension]: for each pair the vector of its first, then of its second
    /// sentence.</param>
    /// <param name="dimension">Elements of a vector.</param>
    /// <param name="lengths">Tokens of each sentence, in the order of the vectors.</param>
    /// <param name="pairs">The pairs with their gold scores.</param>
    /// <param name="similarity">The similarity that is correlated; the means of groups are those of cosines.</param>
    public static SetScore Compute(
        ReadOnlySpan<float> vectors,
        int dimension,
        IReadOnlyList<int> lengths,
        IReadOnlyList<ScoredPair> pairs,
        SimilarityFunction similarity = SimilarityFunction.Cosine)
    {
        double[] gold = [.. pairs.Select(pair => pair.Gold)];
        double[] similarities = new double[pairs.Count];
        double[] cosines = new double[pairs.Count];
        bool[] near = new bool[pairs.Count];
        for (int i = 0; i < pairs.Count; i++)
        {
            ReadOnlySpan<float> first = vectors.Slice(2 * i * dimension, dimension);
            ReadOnlySpan<float> second = vectors.Slice((2 * i + 1) * dimension, dimension);
            cosines[i] = Similarity.Cosine(first, second);
            bool isCosine = similarity == SimilarityFunction.Cosine;
            similarities[i] = isCosine ? cosines[i] : Similarity.Compute(similarity, first, second);
            near[i] = Math.Abs(lengths[2 * i] - lengths[2 * i + 1]) <= NearDifference;
        }
        double spearman = Correlation.Spearman(similarities, gold);
        double pearson = Correlation.Pearson(similarities, gold);
        return new SetScore(pairs.Count, spearman, pearson, Group(true), Group(false));

        LengthGroup Group(bool isNear) =>
            LengthGroup.From(Select(similarities, isNear), Select(cosines, isNear), Select(gold, isNear));

        double[] Select(double[] values, bool isNear) => [.. values.Where((_, i) => near[i] == isNear)];
    }
}
