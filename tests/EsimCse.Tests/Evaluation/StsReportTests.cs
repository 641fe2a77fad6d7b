using System.Text.Json;
using EsimCse.Core.Evaluation;

namespace EsimCse.Tests.Evaluation;

/// <summary>Reports on an encoder of four sentences with known vectors.</summary>
public class StsReportTests
{
    const double Tolerance = 1e-6;

    static readonly Dictionary<string, float[]> Vectors = new()
    {
        ["east"] = [2, 0],
        ["north"] = [0, 3],
        ["west"] = [-1, 0],
        ["south"] = [0, -5],
    };

    /// <summary>Cosines 0, −1 and 0.</summary>
    static readonly ScoredPair[] Dev = [new("east", "north", 4), new("east", "west", 5), new("north", "west", 1)];

    /// <summary>Cosines 1 and −1, in the gold scores' order.</summary>
    static readonly ScoredPair[] Agreeing = [new("east", "east", 5), new("north", "south", 0)];

    static readonly ScoredPair[] Disagreeing = [new("east", "east", 0), new("north", "south", 5)];

    static StsReport Compute(params (string Name, ScoredPair[] Pairs)[] sets)
    {
        Dictionary<string, IReadOnlyList<ScoredPair>> pairs = [];
        foreach ((string name, ScoredPair[] list) in sets) pairs.Add(name, list);
        return StsReport.Compute(pairs, Encode, dimension: 2);
    }

    static (float[] Vectors, int[] Lengths) Encode(IReadOnlyList<string> sentences) =>
        ([.. sentences.SelectMany(sentence => Vectors[sentence])], [.. sentences.Select(sentence => sentence.Length)]);

    [Fact]
    public void Sets_are_scored_in_the_order_asked_for()
    {
        StsReport report = Compute(("sick", Agreeing), ("sts12", Disagreeing));
        Assert.Equal(["sick", "sts12"], report.Sets.Select(set => set.Name));
        Assert.Equal([1, -1], report.Sets.Select(set => set.Score.Spearman));
    }

    [Fact]
    public void The_average_leaves_the_dev_set_out()
    {
        StsReport report = Compute(
            ("sts12", Agreeing), ("stsb-dev", Dev), ("stsb-test", Disagreeing), ("sick", Agreeing));
        Assert.Equal(1 / 3.0, report.Average, Tolerance);
        Assert.Equal(1 / 3.0, report.AverageNear, Tolerance);
        Assert.Equal(double.NaN, report.AverageFar);
    }

    [Fact]
    public void Alignment_and_uniformity_are_those_of_the_dev_set()
    {
        StsReport report = Compute(("stsb-dev", Dev));
        // Pairs scored at least 4: ‖east − north‖² = 2 and ‖east − west‖² = 4.
        Assert.Equal(3, report.Alignment!.Value, Tolerance);
        // All pairs of the three sentences: squared distances 2, 4 and 2.
        double mean = (2 * Math.Exp(-4) + Math.Exp(-8)) / 3;
        Assert.Equal(Math.Log(mean), report.Uniformity!.Value, Tolerance);
        Assert.Null(Compute(("sts12", Agreeing)).Alignment);
    }

    [Fact]
    public void Json_has_null_for_undefined_numbers()
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            writer.WriteStartObject();
            Compute(("sts12", Agreeing)).Write(writer);
            writer.WriteEndObject();
        }
        using JsonDocument json = JsonDocument.Parse(stream.ToArray());
        JsonElement root = json.RootElement;
        Assert.Equal(
            ["sets", "average", "average_near", "average_far", "alignment", "uniformity"],
            root.EnumerateObject().Select(property => property.Name));
        JsonElement set = root.GetProperty("sets").GetProperty("sts12");
        Assert.Equal(
            ["pairs", "spearman", "pearson", "near", "far"], set.EnumerateObject().Select(property => property.Name));
        Assert.Equal(2, set.GetProperty("pairs").GetInt32());
        Assert.Equal(1, set.GetProperty("spearman").GetDouble());
        JsonElement far = set.GetProperty("far");
        Assert.Equal(
            ["pairs", "spearman", "mean_cosine", "mean_gold"], far.EnumerateObject().Select(property => property.Name));
        Assert.Equal(JsonValueKind.Null, far.GetProperty("spearman").ValueKind);
        Assert.Equal(JsonValueKind.Null, root.GetProperty("average_far").ValueKind);
        Assert.Equal(JsonValueKind.Null, root.GetProperty("alignment").ValueKind);
        Assert.Equal(1, root.GetProperty("average").GetDouble());
    }
}
