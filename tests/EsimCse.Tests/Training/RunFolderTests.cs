using EsimCse.Core;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Training;

public class RunFolderTests
{
    [Fact]
    public void An_output_that_holds_a_run_is_refused()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        SmallModel.Train(job);
        UsageException error = Assert.Throws<UsageException>(() => SmallModel.Train(job));
        Assert.Contains("--overwrite", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_model_that_training_starts_from_is_not_overwritten()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        SmallModel.Train(job);
        byte[] model = RunOutput.Model(job);
        TrainingJob onto = job with { Model = job.Output + "/", Config = null, Vocabulary = null, Overwrite = true };
        UsageException error = Assert.Throws<UsageException>(() => SmallModel.Train(onto));
        Assert.Contains("another folder", error.Message, StringComparison.Ordinal);
        Assert.Equal(model, RunOutput.Model(job));
    }

    [Fact]
    public void Options_out_of_range_are_refused_before_anything_is_written()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        job = job with { Options = job.Options with { Temperature = 0 } };
        UsageException error = Assert.Throws<UsageException>(() => SmallModel.Train(job));
        Assert.Contains("--temperature", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(job.Output));
    }
}
