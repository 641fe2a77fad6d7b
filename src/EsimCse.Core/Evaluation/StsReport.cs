using System.Numerics.Tensors;
using System.Text.Json;

namespace EsimCse.Core.Evaluation;

/// <summary>
/// Scores of an encoder on several sets, their averages, and alignment and uniformity on the dev set of the STS
/// benchmark. Undefined numbers are NaN, and null in JSON.
/// </summary>
sealed record StsReport
{
    const double AlignmentMinGold = 4;
    const string DevSet = "stsb-dev";

    static readonly string[] AveragedSets = ["sts12", "sts13", "sts14", "sts15", "sts16", "stsb-test", "sick"];

    /// <summary>The sets' names and scores, in the order asked for.</summary>
    public required IReadOnlyList<(string Name, SetScore Score)> Sets { get; init; }

    /// <summary>
    /// Mean of ‖x − y‖² over the dev pairs with a gold score of at least 4, for unit vectors; null without the dev set.
    /// Wang and Isola, arXiv 2005.10242.
    /// </summary>
    public double? Alignment { get; init; }

    /// <summary>
    /// Log of the mean of e^(−2‖x − y‖²) over all pairs of the dev set's distinct sentences, for unit vectors; null
    /// without the dev set.
    /// </summary>
    public double? Uniformity { get; init; }

    /// <summary>Mean Spearman of those of sts12 … sts16, stsb-test and sick that were scored.</summary>
    public double Average => AverageOver(score => score.Spearman);

    /// <summary>The <see cref="Average"/> of the pairs with similar lengths.</summary>
    public double AverageNear => AverageOver(score => score.Near.Spearman);

    /// <summary>The <see cref="Average"/> of the pairs with different lengths.</summary>
    public double AverageFar => AverageOver(score => score.Far.Spearman);

    /// <summary>Scores an encoder.</summary>
    /// <param name="sets">The pairs of each set, by its name.</param>
    /// <param name="encode">Returns the vectors [sentences, dimension] and the lengths in tokens of sentences.</param>
    /// <param name="dimension">Elements of a vector.</param>
    /// <param name="similarity">The similarity that is correlated with gold scores.</param>
    public static StsReport Compute(
        IReadOnlyDictionary<string, IReadOnlyList<ScoredPair>> sets,
        Func<IReadOnlyList<string>, (float[] Vectors, int[] Lengths)> encode,
        int dimension,
        SimilarityFunction similarity = SimilarityFunction.Cosine)
    {
        List<(string, SetScore)> scores = [];
        StsReport report = new() { Sets = scores };
        foreach ((string name, IReadOnlyList<ScoredPair> pairs) in sets)
        {
            string[] sentences = StsSets.Sentences(pairs);
            (float[] vectors, int[] lengths) = encode(sentences);
            scores.Add((name, SetScore.Compute(vectors, dimension, lengths, pairs, similarity)));
            if (name != DevSet) continue;
            report = report with
            {
                Alignment = ComputeAlignment(vectors, dimension, pairs),
                Uniformity = ComputeUniformity(vectors, dimension, sentences),
            };
        }
        return report;
    }

    /// <summary>Writes the scores as properties of a JSON object.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject("sets");
        foreach ((string name, SetScore score) in Sets)
        {
            json.WriteStartObject(name);
            json.WriteNumber("pairs", score.Pairs);
            WriteNumber(json, "spearman", score.Spearman);
            WriteNumber(json, "pearson", score.Pearson);
            WriteGroup(json, "near", score.Near);
            WriteGroup(json, "far", score.Far);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        WriteNumber(json, "average", Average);
        WriteNumber(json, "average_near", AverageNear);
        WriteNumber(json, "average_far", AverageFar);
        WriteNumber(json, "alignment", Alignment ?? double.NaN);
        WriteNumber(json, "uniformity", Uniformity ?? double.NaN);
    }

    static void WriteGroup(Utf8JsonWriter json, string name, LengthGroup group)
    {
        json.WriteStartObject(name);
        json.WriteNumber("pairs", group.Pairs);
        WriteNumber(json, "spearman", group.Spearman);
        WriteNumber(json, "mean_cosine", group.MeanCosine);
        WriteNumber(json, "mean_gold", group.MeanGold);
        json.WriteEndObject();
    }

    static void WriteNumber(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value)) json.WriteNumber(name, value);
        else json.WriteNull(name);
    }

    static double ComputeAlignment(float[] vectors, int dimension, IReadOnlyList<ScoredPair> pairs)
    {
        List<double> squaredDistances = [];
        for (int i = 0; i < pairs.Count; i++)
        {
            if (pairs[i].Gold < AlignmentMinGold) continue;
            ReadOnlySpan<float> first = vectors.AsSpan(2 * i * dimension, dimension);
            ReadOnlySpan<float> second = vectors.AsSpan((2 * i + 1) * dimension, dimension);
            squaredDistances.Add(2 - 2 * Similarity.Cosine(first, second));
        }
        return Correlation.Mean([.. squaredDistances]);
    }

    static double ComputeUniformity(float[] vectors, int dimension, string[] sentences)
    {
        IEnumerable<int> distinct = Enumerable.Range(0, sentences.Length).DistinctBy(row => sentences[row]);
        float[][] units = [.. distinct.Select(row => Unit(vectors.AsSpan(row * dimension, dimension)))];
        double sum = 0;
        for (int i = 0; i < units.Length; i++)
            for (int j = 0; j < i; j++)
            {
                double cosine = TensorPrimitives.Dot<float>(units[i], units[j]);
                sum += Math.Exp(-4 + 4 * cosine);
            }
        return Math.Log(sum / (units.Length * (units.Length - 1.0) / 2));
    }

    static float[] Unit(ReadOnlySpan<float> vector)
    {
        float norm = TensorPrimitives.Norm(vector);
        float[] unit = new float[vector.Length];
        TensorPrimitives.Divide(vector, Math.Max(norm, 1e-12f), unit);
        return unit;
    }

    double AverageOver(Func<SetScore, double> value) =>
        Correlation.Mean([.. Sets.Where(set => AveragedSets.Contains(set.Name)).Select(set => value(set.Score))]);
}
