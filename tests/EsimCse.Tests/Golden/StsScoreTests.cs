using System.Text.Json;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Model.Poolers;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Golden;

public class StsScoreTests
{
    const string MiniLm = "all-MiniLM-L6-v2";

    /// <summary>A hundredth of a point.</summary>
    const double ScoreTolerance = 1e-4;

    /// <summary>Spearman x 100 of STS12 to STS16, as published with the model.</summary>
    static readonly double[] Published = [72.37, 80.60, 75.59, 85.39, 78.99];

    [Fact]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public void Real_weights_give_the_published_scores_and_length_bias()
    {
        JsonElement scores = Read(SharedData.Path("golden", MiniLm, "sts.json")).GetProperty("results");
        JsonElement bias = Read(SharedData.Path("golden", MiniLm, "length-bias.json")).GetProperty("sets");
        StsReport report = Score(Pooler.Avg, [.. StsSets.Names]);
        Assert.Equal(8, report.Sets.Count);
        foreach ((string name, SetScore score) in report.Sets)
        {
            JsonElement expected = scores.GetProperty(name == "sick" ? "sick-test" : name);
            Assert.Equal(expected.GetProperty("pairs").GetInt32(), score.Pairs);
            CheckScore(expected.GetProperty("avg"), score);
            CheckGroup(bias.GetProperty(name).GetProperty("near"), score.Near);
            CheckGroup(bias.GetProperty(name).GetProperty("far"), score.Far);
        }
        foreach ((int i, double published) in Published.Index())
            Assert.Equal(published, Math.Round(100 * report.Sets[i].Score.Spearman, 2), 0.011);
    }

    [Theory]
    [InlineData("cls")]
    [InlineData("cls_before_pooler")]
    [InlineData("avg_top2")]
    [InlineData("avg_first_last")]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public void Real_weights_give_the_recorded_scores_of_the_other_poolers(string poolerName)
    {
        Assert.True(Pooler.TryParse(poolerName, out Pooler? pooler));
        JsonElement scores = Read(SharedData.Path("golden", MiniLm, "sts.json")).GetProperty("results");
        foreach ((string set, SetScore score) in Score(pooler, "sts13", "stsb-dev", "stsb-test").Sets)
            CheckScore(scores.GetProperty(set).GetProperty(poolerName), score);
    }

    [Theory]
    [InlineData("cls", "cls_before_pooler", Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData("mean", "avg")]
    [InlineData("first_last_emb", "avg_first_last", Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData("last2", "avg_top2", Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData("pooler", "cls", Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    public void A_random_model_gives_the_reference_scores(string name, string poolerName)
    {
        Assert.True(Pooler.TryParse(poolerName, out Pooler? pooler));
        string model = SharedData.Path("models", "bert-random-l2-h32");
        string folder = Directory.CreateTempSubdirectory("esimcse-random-").FullName;
        Copy(Path.Combine(model, "config.json"), folder);
        Copy(Path.Combine(model, "model.safetensors"), folder);
        Copy(SharedData.Path("vocab", "bert-base-uncased", "vocab.txt"), folder);
        JsonElement scores = Read(Path.Combine(model, "reference-sts.json")).GetProperty("results");
        using (SentenceEncoder encoder = OnCpu.Load(folder, new() { Pooler = pooler }))
            foreach (string set in StsSets.Names)
            {
                SetScore score = encoder.Score(StsSets.Read(SharedData.Path("sts"), set));
                JsonElement expected = scores.GetProperty(ReferenceName(set)).GetProperty(name);
                Assert.Equal(expected.GetProperty("spearman").GetDouble(), score.Spearman, ScoreTolerance);
            }
        Directory.Delete(folder, recursive: true);
    }

    static StsReport Score(Pooler pooler, params string[] sets)
    {
        EncoderOptions options = new() { Pooler = pooler, Normalize = false, MaxLength = 128 };
        using SentenceEncoder encoder = OnCpu.Load(SharedData.Path("models", MiniLm), options);
        return StsReport.Compute(
            sets.ToDictionary(set => set, set => StsSets.Read(SharedData.Path("sts"), set)),
            sentences =>
            {
                IReadOnlyList<int[]> ids = encoder.Tokenize(sentences);
                return (encoder.Encode(ids), [.. ids.Select(sentence => sentence.Length)]);
            },
            encoder.Dimension);
    }

    static void CheckScore(JsonElement expected, SetScore score)
    {
        Assert.Equal(expected.GetProperty("spearman").GetDouble(), score.Spearman, ScoreTolerance);
        Assert.Equal(expected.GetProperty("pearson").GetDouble(), score.Pearson, ScoreTolerance);
    }

    static void CheckGroup(JsonElement expected, LengthGroup group)
    {
        Assert.Equal(expected.GetProperty("pairs").GetInt32(), group.Pairs);
        Assert.Equal(expected.GetProperty("spearman").GetDouble(), group.Spearman, ScoreTolerance);
        Assert.Equal(expected.GetProperty("mean_cosine").GetDouble(), group.MeanCosine, ScoreTolerance);
        Assert.Equal(expected.GetProperty("mean_gold").GetDouble(), group.MeanGold, 1e-9);
    }

    static string ReferenceName(string set) => set switch
    {
        "sick" => "sick-test",
        "stsb-dev" or "stsb-test" => set,
        _ => set + "-all",
    };

    static JsonElement Read(string path) => JsonDocument.Parse(File.ReadAllText(path)).RootElement;

    static void Copy(string file, string folder) => File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
}
