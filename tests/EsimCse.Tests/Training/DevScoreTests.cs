using EsimCse.Core.Evaluation;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Training;

public class DevScoreTests
{
    /// <summary>Rounding of the sums of a batch of another size.</summary>
    const double Tolerance = 1e-6;

    [Fact]
    public void The_scores_of_the_kept_model_are_those_of_eval()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        SmallModel.Train(job);
        DevEvaluation scores = RunMetrics.Read(Path.Combine(job.Output, "metrics.jsonl")).Best!.Value.Scores;
        using SentenceEncoder encoder = OnCpu.Load(job.Output);
        Dictionary<string, IReadOnlyList<ScoredPair>> sets = new()
        {
            ["stsb-dev"] = StsSets.Read(small.Folder, "stsb-dev"),
        };
        StsReport report = encoder.Report(sets, default);
        SetScore dev = report.Sets.Single().Score;
        double[] expected =
        [
            dev.Spearman, report.Alignment!.Value, report.Uniformity!.Value, dev.Near.Spearman, dev.Far.Spearman,
            dev.Near.MeanCosine, dev.Far.MeanCosine,
        ];
        Assert.All(expected, value => Assert.True(double.IsFinite(value)));
        Assert.All(
            expected.Zip(scores.Values), pair => Assert.Equal(pair.First, pair.Second.Value, Tolerance));
    }
}
