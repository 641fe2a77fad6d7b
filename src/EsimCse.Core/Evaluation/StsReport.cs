using System.Text.Json;

namespace EsimCse.Core.Evaluation;

/// <summary>
/// Scores of an encoder on several sets, their averages, and alignment and uniformity on the dev set of the STS
/// benchmark. Undefined numbers are NaN, and null in JSON.
/// </summary>
sealed record StsReport
{
    const string DevSet = "stsb-dev";

    static readonly string[] AveragedSets = ["sts12", "sts13", "sts14", "sts15", "sts16", "stsb-test", "sick"];

    /// <summary>The sets' names and scores, in the order asked for.</summary>
    public required IReadOnlyList<(string Name, SetScore Score)> Sets { get; init; }

    /// <summary><see cref="AlignmentUniformity.Alignment"/> of the dev set; null without it.</summary>
    public double? Alignment { get; init; }

    /// <summary><see cref="AlignmentUniformity.Uniformity"/> of the dev set; null without it.</summary>
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
                Alignment = AlignmentUniformity.Alignment(vectors, dimension, pairs),
                Uniformity = AlignmentUniformity.Uniformity(vectors, dimension, sentences),
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

    double AverageOver(Func<SetScore, double> value) =>
        Correlation.Mean([.. Sets.Where(set => AveragedSets.Contains(set.Name)).Select(set => value(set.Score))]);
}
