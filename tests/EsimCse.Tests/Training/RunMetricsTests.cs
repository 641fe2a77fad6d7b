using EsimCse.Core;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Training;

namespace EsimCse.Tests.Training;

public sealed class RunMetricsTests : IDisposable
{
    readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public async Task Written_metrics_are_read_back()
    {
        DevEvaluation scores = new(0.25, 0.5, -2) { NearSpearman = 0.1, FarMeanCosine = double.NaN };
        using (MetricsFile file = new(_path, -1))
        {
            file.WriteEvaluation(0, scores);
            file.WriteStep(1, new StepResult(1.5f, 2.5f, 3.5f, 0), 4.25);
            file.WriteStep(2, new StepResult(0, 0, 0, 0), 0);
            await file.Written;
            // While the run still has it open.
            RunMetrics metrics = RunMetrics.Read(_path);
            Assert.Equal([(0, scores)], metrics.Evaluations);
            Assert.Equal([(1, new StepMetrics(1.5, 2.5, 3.5, 4.25)), (2, new StepMetrics(0, 0, 0, 0))], metrics.Steps);
        }
    }

    [Theory]
    [InlineData(10, 0.5, 0.7, 0.7)]
    [InlineData(20, 0.5, double.NaN, 0.7)]
    [InlineData(0, 0.0, -0.1, double.NaN)]
    public void The_best_is_the_first_with_the_highest_score(int expected, params double[] scores)
    {
        using (MetricsFile file = new(_path, -1))
            for (int i = 0; i < scores.Length; i++) file.WriteEvaluation(10 * i, new DevEvaluation(scores[i], 0, 0));
        Assert.Equal(expected, RunMetrics.Read(_path).Best!.Value.Step);
    }

    [Fact]
    public void Without_a_score_there_is_no_best()
    {
        using (MetricsFile file = new(_path, -1)) file.WriteEvaluation(0, new DevEvaluation(double.NaN, 0, 0));
        Assert.Null(RunMetrics.Read(_path).Best);
    }

    [Fact]
    public void Steps_out_of_order_are_refused_with_their_line()
    {
        using (MetricsFile file = new(_path, -1))
            foreach (int step in new[] { 1, 3, 2 }) file.WriteStep(step, default, 0);
        string message = Assert.Throws<InvalidInputException>(() => RunMetrics.Read(_path)).Message;
        Assert.StartsWith($"{_path}(3): found {{\"step\":2,", message, StringComparison.Ordinal);
        Assert.EndsWith("expected \"step\" above 3", message, StringComparison.Ordinal);
    }
}
