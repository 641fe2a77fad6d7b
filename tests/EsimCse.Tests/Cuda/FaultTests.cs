using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Files;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>What goes wrong on a device is said, and nothing is lost.</summary>
public class FaultTests
{
    const int OutOfMemory = 2, LaunchFailed = 719;

    [Fact]
    public void Too_little_memory_says_what_was_asked_for_and_what_is_free()
    {
        using IBackend cuda = Backends.Create(Backends.Cuda);
        string message = Assert.Throws<DeviceMemoryException>(() => cuda.Allocate(1L << 40)).Message;
        Assert.All(["1048576 MiB", "free", "--batch-size"], part => Assert.Contains(part, message, StringComparison.Ordinal));
        cuda.Free(cuda.Allocate(1024));
    }

    [Fact]
    public void Embedding_goes_on_with_smaller_batches()
    {
        using SmallModel small = new();
        using IBackend cuda = Backends.Create(Backends.Cuda);
        using BertParameters bert = BertParameters.Random(cuda, BertConfig.Read(small.In("config.json")), head: false, seed: 3);
        int[][] sentences = [.. Enumerable.Range(0, 90).Select(i => (int[])[2, .. Enumerable.Repeat(5 + i % 15, 10), 3])];
        using Embedder calm = new(cuda, bert.Config, Pooler.Avg), pressed = new(cuda, bert.Config, Pooler.Avg);
        float[] expected = calm.Embed(bert.Weights, sentences);
        SoftCuda.Inject("cuMemAlloc_v2", 2, OutOfMemory);
        Assert.Equal(expected, pressed.Embed(bert.Weights, sentences));
        SoftCuda.Reset();
    }

    [Theory]
    [InlineData(ElementType.Float32)]
    [InlineData(ElementType.BFloat16)]
    public void A_loss_that_is_not_finite_ends_the_run_and_leaves_the_checkpoint(ElementType type)
    {
        using SmallModel small = new();
        using IBackend cuda = Backends.Create(Backends.Cuda);
        TrainingJob job = small.Job("run");
        using (Trainer trainer = Trainer.Open(job with { Options = job.Options with { LearningRate = 1e30f, MaxSteps = 1000, SaveEvery = 1 } }, cuda, type))
            Assert.Contains("not finite", Assert.Throws<NotFiniteException>(() => trainer.Run()).Message, StringComparison.Ordinal);
        string checkpoints = small.In("run", "checkpoints");
        using SafetensorsFile checkpoint = SafetensorsFile.Open(Checkpoint.PathOf(checkpoints, Checkpoint.Steps(checkpoints)[^1]));
        Assert.Equal(0, checkpoint.Span<int>(checkpoint.Tensors["counters"])[StepState.NotFiniteStep]);
        Assert.All(checkpoint.Span<float>(checkpoint.Tensors["first_moment"]).ToArray(), value => Assert.True(float.IsFinite(value)));
    }

    // A kernel that cannot be launched, a recorded graph likewise, and a device that is gone when it is waited for.
    [Theory]
    [InlineData("cuLaunchKernel", @"kernel [a-z]+_\w+: ")]
    [InlineData("cuGraphLaunch", "the recorded graph ")]
    [InlineData("cuStreamSynchronize", "StreamSynchronize")]
    public void A_device_that_fails_ends_the_run_with_its_name_and_the_checkpoint_stays(string call, string named)
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        try
        {
            DeviceException error = Assert.Throws<DeviceException>(() =>
            {
                using Trainer trainer = Trainer.Open(job, _ => (Backends.Create(Backends.Cuda), ElementType.Float32));
                trainer.Run(progress =>
                {
                    if (progress.Step == 6) SoftCuda.Inject(call, 1, LaunchFailed);
                });
            });
            Assert.Matches(named, error.Message);
            Assert.Contains("CUDA_ERROR_LAUNCH_FAILED", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            SoftCuda.Reset();
        }
        Assert.Equal(4, Checkpoint.Steps(small.In("run", "checkpoints"))[^1]);
        SmallModel.Train(job with { Resume = true });
    }
}
