using System.Text.Json;

namespace EsimCse.Core.Evaluation;

/// <summary>Scores on several sets, their averages, and how the vectors of the STS benchmark's dev set lie. What cannot be computed is NaN, null in JSON.</summary>
public sealed record StsReport
{
    const double AlignedFrom = 4;
    const string DevSet = "stsb-dev";

    static readonly string[] Averaged = ["sts12", "sts13", "sts14", "sts15", "sts16", "stsb-test", "sick"];

    /// <summary>By the set's name, in the order asked for.</summary>
    public required IReadOnlyList<(string Name, SetScore Score)> Sets { get; init; }

    /// <summary>The mean of ‖x − y‖² over the dev pairs scored at least 4, of unit vectors; null without the dev set. Wang and Isola, arXiv 2005.10242.</summary>
    public double? Alignment { get; init; }

    /// <summary>log of the mean of e^(−2‖x − y‖²) over all pairs of the dev set's distinct sentences; null without the dev set.</summary>
    public double? Uniformity { get; init; }

    /// <summary>The mean Spearman of sts12 to sts16, stsb-test and sick, of those present.</summary>
    public double Average => Over(score => score.Spearman);

    /// <summary>The same of the pairs with lengths alike.</summary>
    public double AverageNear => Over(score => score.Near.Spearman);

    /// <summary>The same of the pairs with lengths unlike.</summary>
    public double AverageFar => Over(score => score.Far.Spearman);

    /// <summary>Scores an encoder, given as sentences to vectors and lengths in pieces.</summary>
    public static StsReport Compute(IReadOnlyDictionary<string, IReadOnlyList<ScoredPair>> sets, Func<IReadOnlyList<string>, (float[] Vectors, int[] Lengths)> encode, int dimension)
    {
        ArgumentNullException.ThrowIfNull(sets);
        ArgumentNullException.ThrowIfNull(encode);
        List<(string, SetScore)> scores = [];
        StsReport report = new() { Sets = scores };
        foreach ((string name, IReadOnlyList<ScoredPair> pairs) in sets)
        {
            string[] sentences = [.. pairs.SelectMany(pair => new[] { pair.First, pair.Second })];
            (float[] vectors, int[] lengths) = encode(sentences);
            scores.Add((name, SetScore.Compute(vectors, dimension, lengths, pairs)));
            if (name == DevSet) report = report with { Alignment = AlignmentOf(vectors, dimension, pairs), Uniformity = UniformityOf(vectors, dimension, sentences) };
        }
        return report;
    }

    /// <summary>The report as one JSON object.</summary>
    public void Write(Utf8JsonWriter json, string model, string pooler)
    {
        ArgumentNullException.ThrowIfNull(json);
        json.WriteStartObject();
        json.WriteString("model", model);
        json.WriteString("pooler", pooler);
        json.WriteStartObject("sets");
        foreach ((string name, SetScore score) in Sets)
        {
            json.WriteStartObject(name);
            json.WriteNumber("pairs", score.Pairs);
            Number(json, "spearman", score.Spearman);
            Number(json, "pearson", score.Pearson);
            Group(json, "near", score.Near);
            Group(json, "far", score.Far);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        Number(json, "average", Average);
        Number(json, "average_near", AverageNear);
        Number(json, "average_far", AverageFar);
        Number(json, "alignment", Alignment ?? double.NaN);
        Number(json, "uniformity", Uniformity ?? double.NaN);
        json.WriteEndObject();
    }

    static void Group(Utf8JsonWriter json, string name, LengthGroup group)
    {
        json.WriteStartObject(name);
        json.WriteNumber("pairs", group.Pairs);
        Number(json, "spearman", group.Spearman);
        Number(json, "mean_cosine", group.MeanCosine);
        Number(json, "mean_gold", group.MeanGold);
        json.WriteEndObject();
    }

    static void Number(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value)) json.WriteNumber(name, value);
        else json.WriteNull(name);
    }

    static double AlignmentOf(float[] vectors, int dimension, IReadOnlyList<ScoredPair> pairs)
    {
        double[] distances = [.. Enumerable.Range(0, pairs.Count).Where(i => pairs[i].Gold >= AlignedFrom)
            .Select(i => 2 - 2 * SetScore.Cosine(vectors.AsSpan(2 * i * dimension, dimension), vectors.AsSpan((2 * i + 1) * dimension, dimension)))];
        return Correlation.Mean(distances);
    }

    static double UniformityOf(float[] vectors, int dimension, string[] sentences)
    {
        int[] distinct = [.. sentences.Select((sentence, i) => (sentence, i)).DistinctBy(entry => entry.sentence).Select(entry => entry.i)];
        float[][] units = [.. distinct.Select(i => Unit(vectors.AsSpan(i * dimension, dimension)))];
        double sum = 0;
        for (int i = 0; i < units.Length; i++)
            for (int j = 0; j < i; j++) sum += Math.Exp(-4 + 4 * (double)System.Numerics.Tensors.TensorPrimitives.Dot<float>(units[i], units[j]));
        return Math.Log(sum / (units.Length * (units.Length - 1.0) / 2));
    }

    static float[] Unit(ReadOnlySpan<float> vector)
    {
        float norm = System.Numerics.Tensors.TensorPrimitives.Norm(vector);
        float[] unit = new float[vector.Length];
        System.Numerics.Tensors.TensorPrimitives.Divide(vector, Math.Max(norm, 1e-12f), unit);
        return unit;
    }

    double Over(Func<SetScore, double> value) => Correlation.Mean([.. Sets.Where(set => Averaged.Contains(set.Name)).Select(set => value(set.Score))]);
}
