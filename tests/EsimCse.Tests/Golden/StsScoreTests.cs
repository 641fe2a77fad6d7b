using System.Text.Json;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Model.Poolers;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Golden;

public class StsScoreTests
{
    /// <summary>A hundredth of a point.</summary>
    const double Points = 1e-4;

    static StsReport Score(string model, Pooler pooler, params string[] sets)
    {
        using SentenceEncoder encoder = OnCpu.Load(SharedData.Path("models", model), new() { Pooler = pooler, Normalize = false, MaxLength = model.StartsWith("all", StringComparison.Ordinal) ? 128 : null });
        return StsReport.Compute(sets.ToDictionary(set => set, set => StsSets.Read(SharedData.Path("sts"), set)), sentences =>
        {
            IReadOnlyList<int[]> ids = encoder.Tokenize(sentences);
            return (encoder.Encode(ids), [.. ids.Select(sentence => sentence.Length)]);
        }, encoder.Dimension);
    }

    [Fact]
    public void Real_weights_give_the_published_scores_and_length_bias()
    {
        using JsonDocument bias = JsonDocument.Parse(File.ReadAllText(SharedData.Path("golden", "all-MiniLM-L6-v2", "length-bias.json")));
        using JsonDocument scores = JsonDocument.Parse(File.ReadAllText(SharedData.Path("golden", "all-MiniLM-L6-v2", "sts.json")));
        JsonElement biasSets = bias.RootElement.GetProperty("sets");
        StsReport report = Score("all-MiniLM-L6-v2", Pooler.Avg, [.. StsSets.Names]);
        Assert.Equal(8, report.Sets.Count);
        foreach ((string name, SetScore score) in report.Sets)
        {
            JsonElement expected = scores.RootElement.GetProperty("results").GetProperty(name == "sick" ? "sick-test" : name);
            Assert.Equal(expected.GetProperty("pairs").GetInt32(), score.Pairs);
            Assert.Equal(expected.GetProperty("avg").GetProperty("spearman").GetDouble(), score.Spearman, Points);
            Assert.Equal(expected.GetProperty("avg").GetProperty("pearson").GetDouble(), score.Pearson, Points);
            foreach ((string part, LengthGroup group) in new[] { ("near", score.Near), ("far", score.Far) })
            {
                JsonElement reference = biasSets.GetProperty(name).GetProperty(part);
                Assert.Equal(reference.GetProperty("pairs").GetInt32(), group.Pairs);
                Assert.Equal(reference.GetProperty("spearman").GetDouble(), group.Spearman, Points);
                Assert.Equal(reference.GetProperty("mean_cosine").GetDouble(), group.MeanCosine, Points);
                Assert.Equal(reference.GetProperty("mean_gold").GetDouble(), group.MeanGold, 1e-9);
            }
        }
        double[] published = [72.37, 80.60, 75.59, 85.39, 78.99];
        for (int i = 0; i < published.Length; i++) Assert.Equal(published[i], Math.Round(100 * report.Sets[i].Score.Spearman, 2), 0.011);
    }

    [Theory]
    [InlineData("cls", "cls")]
    [InlineData("cls_before_pooler", "cls_before_pooler")]
    [InlineData("avg_top2", "avg_top2")]
    [InlineData("avg_first_last", "avg_first_last")]
    public void Real_weights_give_the_recorded_scores_of_the_other_poolers(string name, string poolerName)
    {
        Assert.True(Pooler.TryParse(poolerName, out Pooler? pooler));
        using JsonDocument scores = JsonDocument.Parse(File.ReadAllText(SharedData.Path("golden", "all-MiniLM-L6-v2", "sts.json")));
        foreach ((string set, SetScore score) in Score("all-MiniLM-L6-v2", pooler, "sts13", "stsb-dev", "stsb-test").Sets)
        {
            JsonElement expected = scores.RootElement.GetProperty("results").GetProperty(set).GetProperty(name);
            Assert.Equal(expected.GetProperty("spearman").GetDouble(), score.Spearman, Points);
            Assert.Equal(expected.GetProperty("pearson").GetDouble(), score.Pearson, Points);
        }
    }

    [Theory]
    [InlineData("cls", "cls_before_pooler")]
    [InlineData("mean", "avg")]
    [InlineData("first_last_emb", "avg_first_last")]
    [InlineData("last2", "avg_top2")]
    [InlineData("pooler", "cls")]
    public void A_random_model_gives_the_reference_scores(string name, string poolerName)
    {
        Assert.True(Pooler.TryParse(poolerName, out Pooler? pooler));
        string vocabulary = SharedData.Path("vocab", "bert-base-uncased"), model = SharedData.Path("models", "bert-random-l2-h32");
        string folder = Directory.CreateTempSubdirectory("esimcse-random-").FullName;
        foreach (string file in new[] { Path.Combine(model, "config.json"), Path.Combine(model, "model.safetensors"), Path.Combine(vocabulary, "vocab.txt") })
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        using JsonDocument scores = JsonDocument.Parse(File.ReadAllText(Path.Combine(model, "reference-sts.json")));
        using SentenceEncoder encoder = OnCpu.Load(folder, new() { Pooler = pooler });
        foreach (string set in StsSets.Names)
        {
            IReadOnlyList<ScoredPair> pairs = StsSets.Read(SharedData.Path("sts"), set);
            IReadOnlyList<int[]> ids = encoder.Tokenize([.. pairs.SelectMany(pair => new[] { pair.First, pair.Second })]);
            SetScore score = SetScore.Compute(encoder.Encode(ids), encoder.Dimension, [.. ids.Select(sentence => sentence.Length)], pairs);
            JsonElement expected = scores.RootElement.GetProperty("results").GetProperty(set switch { "sick" => "sick-test", "stsb-dev" or "stsb-test" => set, _ => set + "-all" });
            Assert.Equal(expected.GetProperty(name).GetProperty("spearman").GetDouble(), score.Spearman, Points);
        }
        Directory.Delete(folder, recursive: true);
    }
}
