using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Files;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Text;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>A failure of the device is reported, and nothing is lost.</summary>
[Collection("cuda")]
public class FaultTests
{
    const int OutOfMemory = 2;
    const int LaunchFailed = 719;

    /// <summary>Limit for the writing of a checkpoint; far above the time that it takes.</summary>
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [Fact]
    public void Too_little_memory_is_reported_with_the_amounts_asked_for_and_free()
    {
        using IBackend cuda = Backends.Create(Backends.Cuda);
        string message = Assert.Throws<DeviceMemoryException>(() => cuda.Allocate(1L << 40)).Message;
        string[] parts = ["1048576 MiB", "free", "--batch-size"];
        Assert.All(parts, part => Assert.Contains(part, message, StringComparison.Ordinal));
        cuda.Free(cuda.Allocate(1024));
    }

    [Fact]
    public void Embedding_continues_with_smaller_batches()
    {
        using IBackend cuda = Backends.Create(Backends.Cuda);
        using BertParameters bert = BertParameters.Random(cuda, SmallModel.Config, head: false, seed: 3);
        int[] Sentence(int i) => [2, .. Enumerable.Repeat(5 + i % 15, 10), 3];
        int[][] sentences = [.. Enumerable.Range(0, 90).Select(Sentence)];
        using Embedder undisturbed = new(cuda, bert.Config, Pooler.Avg);
        using Embedder refused = new(cuda, bert.Config, Pooler.Avg);
        float[] expected = undisturbed.Embed(bert.Weights, sentences);
        SoftCuda.Inject("cuMemAlloc_v2", 2, OutOfMemory);
        Assert.Equal(expected, refused.Embed(bert.Weights, sentences));
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
        job = job with { Options = job.Options with { LearningRate = 1e30f, MaxSteps = 1000, SaveEvery = 1 } };
        using (Trainer trainer = Trainer.Open(job, cuda, type))
        {
            string message = Assert.Throws<NotFiniteException>(() => trainer.Run()).Message;
            Assert.Contains("not finite", message, StringComparison.Ordinal);
        }
        string checkpoints = small.In("run", "checkpoints");
        string newest = Checkpoint.PathOf(checkpoints, Checkpoint.Steps(checkpoints)[^1]);
        using SafetensorsFile checkpoint = SafetensorsFile.Open(newest);
        Assert.Equal(0, checkpoint.Span<int>(checkpoint.Tensors["counters"])[StepState.NotFiniteStep]);
        float[] moments = checkpoint.Span<float>(checkpoint.Tensors["first_moment"]).ToArray();
        Assert.All(moments, value => Assert.True(float.IsFinite(value)));
    }

    // A kernel's launch, a captured graph's launch, and the wait for a device that is gone.
    [Theory]
    [InlineData("cuLaunchKernel", @"kernel [a-z]+_\w+: ")]
    [InlineData("cuGraphLaunch", "cuGraphLaunch of the graph ")]
    [InlineData("cuStreamSynchronize", "StreamSynchronize")]
    public void A_device_that_fails_ends_the_run_with_its_name_and_the_checkpoint_stays(string call, string expected)
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        DeviceException error;
        try
        {
            error = Assert.Throws<DeviceException>(() => TrainWithFault(job, call));
        }
        finally
        {
            SoftCuda.Reset();
        }
        Assert.Matches(expected, error.Message);
        Assert.Contains("CUDA_ERROR_LAUNCH_FAILED", error.Message, StringComparison.Ordinal);
        Assert.Equal(4, Checkpoint.Steps(small.In("run", "checkpoints"))[^1]);
        SmallModel.Train(job with { Resume = true });
    }

    static void TrainWithFault(TrainingJob job, string call)
    {
        using Trainer trainer = Trainer.Open(
            job, _ => (Backends.Create(Backends.Cuda), ElementType.Float32), SentenceReader.Text);
        trainer.Run(progress =>
        {
            if (progress.Step != 6) return;
            // The checkpoint is written meanwhile.
            string checkpoint = Checkpoint.PathOf(RunOutput.Checkpoints(job), 4);
            Assert.True(SpinWait.SpinUntil(() => File.Exists(checkpoint), Limit), $"no {checkpoint} after {Limit}");
            SoftCuda.Inject(call, 1, LaunchFailed);
        });
    }
}
