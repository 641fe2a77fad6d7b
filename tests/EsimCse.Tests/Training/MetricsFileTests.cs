using EsimCse.Core.Evaluation;
using EsimCse.Core.Training;

namespace EsimCse.Tests.Training;

public sealed class MetricsFileTests : IDisposable
{
    readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Lines_after_the_last_step_are_removed_on_opening()
    {
        Write(lastStep: -1, 1, 2, 3);
        Write(lastStep: 2, 3);
        Assert.Equal(["1", "2", "3"], Steps());
        Write(lastStep: -1, 1);
        Assert.Equal(["1"], Steps());
    }

    [Fact]
    public void A_broken_line_and_those_after_it_are_removed_on_opening()
    {
        Write(lastStep: -1, 1);
        File.AppendAllText(_path, "{\"step\":2,\"lo\n{\"step\":3}\n");
        Write(lastStep: 3, 2);
        Assert.Equal(["1", "2"], Steps());
    }

    [Fact]
    public void A_score_that_is_not_finite_is_null()
    {
        DevEvaluation scores = new(double.NaN, 0.5, double.NegativeInfinity) { NearSpearman = -1 };
        using (MetricsFile metrics = new(_path, -1)) metrics.WriteEvaluation(0, scores);
        const string start = """{"step":0,"stsb_dev":null,"alignment":0.5,"uniformity":null,"near_spearman":-1,""";
        Assert.StartsWith(start, File.ReadAllText(_path), StringComparison.Ordinal);
    }

    [Fact]
    public void A_masked_language_loss_is_written_after_the_loss()
    {
        using (MetricsFile metrics = new(_path, -1))
            metrics.WriteStep(1, new StepResult(3, 2, 1, 0) { MlmLoss = 0.5f }, 4);
        string line = File.ReadAllText(_path);
        Assert.StartsWith("{\"step\":1,\"loss\":3,\"mlm_loss\":0.5,", line, StringComparison.Ordinal);
    }

    void Write(int lastStep, params int[] steps)
    {
        using MetricsFile metrics = new(_path, lastStep);
        foreach (int step in steps) metrics.WriteStep(step, new StepResult(1, 2, 3, 0), 4);
    }

    string[] Steps() => [.. File.ReadLines(_path).Select(line => line.Split(',')[0].Split(':')[1])];
}
