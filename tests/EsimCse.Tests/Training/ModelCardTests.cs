using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Training;

public sealed class ModelCardTests : IDisposable
{
    readonly SmallModel _small = new();

    public void Dispose() => _small.Dispose();

    static string Train(TrainingJob job)
    {
        SmallModel.Train(job);
        return File.ReadAllText(Path.Combine(job.Output, "README.md"));
    }

    [Fact]
    public void A_card_has_data_options_scores_and_the_way_to_load()
    {
        TrainingJob job = _small.Job("run");
        string card = Train(job);
        Assert.StartsWith(
            "---\nlibrary_name: sentence-transformers\npipeline_tag: sentence-similarity\ntags:\n", card,
            StringComparison.Ordinal);
        Assert.Contains("trained it without labels by", card, StringComparison.Ordinal);
        Assert.Contains("- Start: `config.json`\n- Sentences: 45, of `corpus.txt`\n", card, StringComparison.Ordinal);
        foreach (TrainingOption option in TrainingOptionTable.Rows)
            if (option.Format(job.Options) is { } value)
                Assert.Contains($"\n| {option.Name.TrimStart('-')} | {value} |\n", card, StringComparison.Ordinal);
        RunMetrics metrics = RunMetrics.Read(Path.Combine(job.Output, "metrics.jsonl"));
        (int step, EsimCse.Core.Evaluation.DevEvaluation scores) = metrics.Best!.Value;
        Assert.Contains($"this is the model of step {step}\n", card, StringComparison.Ordinal);
        foreach ((string name, double score) in scores.Values)
            Assert.Contains(FormattableString.Invariant($"| {name} | {score:F4} |"), card, StringComparison.Ordinal);
        Assert.Contains("SentenceTransformer(\"FOLDER\")", card, StringComparison.Ordinal);
        Assert.Contains("esimcse embed", card, StringComparison.Ordinal);
        Assert.DoesNotContain(_small.Folder, card, StringComparison.Ordinal);
    }

    [Fact]
    public void A_card_of_ours_is_replaced_and_another_README_stays()
    {
        TrainingJob job = _small.Job("run");
        string before = Train(job);
        TrainingJob other = job with { Overwrite = true, Options = job.Options with { Seed = 7 } };
        string after = Train(other);
        Assert.NotEqual(before, after);
        const string mine = "# My model\n";
        File.WriteAllText(Path.Combine(job.Output, "README.md"), mine);
        Assert.Equal(mine, Train(other));
    }

    [Fact]
    public void A_model_that_sentence_transformers_cannot_open_does_not_say_so()
    {
        TrainingJob job = _small.Job("run") with { EvaluationData = null };
        string card = Train(job with { Options = job.Options with { Pooler = Pooler.AvgTop2 } });
        Assert.DoesNotContain("sentence-transformers", card, StringComparison.Ordinal);
        Assert.Contains("The run had no evaluation data.", card, StringComparison.Ordinal);
        Assert.Contains("this is the model of step 14\n", card, StringComparison.Ordinal);
    }

    [Fact]
    public void A_card_of_pairs_says_so()
    {
        File.WriteAllLines(
            _small.In("pairs.tsv"), ["a\tb", .. Enumerable.Repeat("the cat sees\ta cat sees the dog", 9)]);
        string card = Train(_small.Job("pairs") with { Data = [_small.In("pairs.tsv")], Columns = ["a", "b"] });
        Assert.Contains("trained it on pairs of similar sentences by", card, StringComparison.Ordinal);
        Assert.Contains("\n| columns | a,b |\n", card, StringComparison.Ordinal);
    }
}
