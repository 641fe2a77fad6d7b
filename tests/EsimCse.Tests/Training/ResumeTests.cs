using System.Diagnostics;
using EsimCse.Files;
using EsimCse.Tests.Cli;
using EsimCse.Training;

namespace EsimCse.Tests.Training;

public class ResumeTests
{
    static byte[] Model(TrainingJob job) => File.ReadAllBytes(Path.Combine(job.Output, "model.safetensors"));

    /// <summary>Every step and score, without the speed.</summary>
    static string[] Metrics(TrainingJob job) => [.. File.ReadLines(Path.Combine(job.Output, "metrics.jsonl")).Select(line => line.Split(",\"sentences_per_second\"")[0])];

    [Fact]
    public void The_same_seed_gives_the_same_bits_on_any_number_of_threads()
    {
        using SmallModel small = new();
        SmallModel.Train(small.Job("one"), threads: 1);
        SmallModel.Train(small.Job("three"), threads: 3);
        Assert.Equal(Model(small.Job("one")), Model(small.Job("three")));
        Assert.Equal(Metrics(small.Job("one")), Metrics(small.Job("three")));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(7)]
    [InlineData(12)]
    public void A_run_that_was_stopped_equals_one_that_was_not(int stopAfter)
    {
        using SmallModel small = new();
        SmallModel.Train(small.Job("whole"));
        TrainingJob parts = small.Job("parts");
        using CancellationTokenSource stop = new();
        Assert.Throws<OperationCanceledException>(() => SmallModel.Train(parts, progress: progress =>
        {
            if (progress.Step == stopAfter) stop.Cancel();
        }, cancellation: stop.Token));
        SmallModel.Train(parts with { Resume = true });
        Assert.Equal(Model(small.Job("whole")), Model(parts));
        Assert.Equal(Metrics(small.Job("whole")), Metrics(parts));
        Assert.Equal(15 + 6, Metrics(parts).Length + 1);
    }

    [Fact]
    public void A_run_that_is_killed_again_and_again_equals_one_that_is_not()
    {
        using SmallModel small = new();
        string[] arguments = ["train", "--from-scratch", small.In("config.json"), "--vocabulary", small.Folder, "--data", small.In("corpus.txt"), "--eval-data", small.Folder,
            "--batch-size", "8", "--max-steps", "2500", "--queue-size", "20", "--eval-every", "100", "--save-every", "1", "--threads", "1"];
        Assert.Equal(0, Tool.Run("", [.. arguments, "--output", small.In("whole")]).Code);
        Random random = new(3);
        int kills = 0;
        for (int attempt = 0; attempt < 12; attempt++)
        {
            using Process process = Tool.Start([.. arguments, "--output", small.In("killed"), "--resume"]);
            // Long enough to be in the midst of steps and checkpoints, of which there is one a step.
            bool ended = process.WaitForExit(600 + random.Next(900));
            if (!ended)
            {
                process.Kill();
                process.WaitForExit();
                kills++;
            }
            else Assert.Equal(0, process.ExitCode);
        }
        Assert.Equal(0, Tool.Run("", [.. arguments, "--output", small.In("killed"), "--resume"]).Code);
        Assert.True(kills > 0, "no run was killed: the machine is faster than this test expects");
        Assert.Equal(File.ReadAllBytes(small.In("whole", "model.safetensors")), File.ReadAllBytes(small.In("killed", "model.safetensors")));
        Assert.Equal(Metrics(small.Job("whole")), Metrics(small.Job("killed")));
        Assert.Empty(Directory.GetFiles(small.In("killed"), "*" + AtomicFile.TemporarySuffix, SearchOption.AllDirectories));
    }

    [Fact]
    public void A_finished_run_is_left_as_it_is()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        SmallModel.Train(job);
        File.AppendAllText(Path.Combine(job.Output, "config.json"), " ");
        DateTime written = File.GetLastWriteTimeUtc(Path.Combine(job.Output, "model.safetensors"));
        SmallModel.Train(job with { Resume = true });
        Assert.Equal(written, File.GetLastWriteTimeUtc(Path.Combine(job.Output, "model.safetensors")));
        Assert.EndsWith(" ", File.ReadAllText(Path.Combine(job.Output, "config.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void Changed_options_and_outputs_in_use_are_refused()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        SmallModel.Train(job);
        Assert.Contains("--temperature", Assert.Throws<UsageException>(() => SmallModel.Train(job with { Resume = true, Options = job.Options with { Temperature = 0.1f } })).Message, StringComparison.Ordinal);
        Assert.Contains("--overwrite", Assert.Throws<UsageException>(() => SmallModel.Train(job)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_loss_that_is_not_finite_ends_the_run_and_leaves_the_checkpoint()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        Assert.Contains("step", Assert.Throws<NotFiniteException>(() => SmallModel.Train(job with { Options = job.Options with { LearningRate = 1e30f, MaxSteps = 1000, SaveEvery = 1 } })).Message, StringComparison.Ordinal);
        int newest = Checkpoint.Steps(Path.Combine(job.Output, "checkpoints"))[^1];
        using SafetensorsFile checkpoint = SafetensorsFile.Open(Checkpoint.PathOf(Path.Combine(job.Output, "checkpoints"), newest));
        Assert.Equal(0, checkpoint.Span<int>(checkpoint.Tensors["counters"])[StepState.NotFiniteStep]);
    }
}
