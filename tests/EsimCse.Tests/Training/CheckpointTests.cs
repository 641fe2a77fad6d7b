using EsimCse.Core.Files;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Training;

public class CheckpointTests
{
    [Fact]
    public void A_truncated_checkpoint_is_skipped_on_resume()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        SmallModel.Train(job);
        byte[] model = RunOutput.Model(job);
        string newest = Checkpoint.PathOf(RunOutput.Checkpoints(job), 14);
        File.WriteAllBytes(newest, File.ReadAllBytes(newest)[..1000]);
        File.Delete(RunOutput.ModelPath(job));
        SmallModel.Train(job with { Resume = true });
        Assert.Equal(model, RunOutput.Model(job));
        using SafetensorsFile whole = SafetensorsFile.Open(newest);
    }

    [Fact]
    public void The_newest_two_are_kept()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        SmallModel.Train(job);
        Assert.Equal([12, 14], Checkpoint.Steps(RunOutput.Checkpoints(job)));
    }
}
