using System.Diagnostics;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Files;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Training;

public class TrainerTests
{
    /// <summary>The limit for a run that is waited for.</summary>
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    [Fact]
    public void Any_number_of_threads_gives_the_same_bits()
    {
        using SmallModel small = new();
        TrainingJob one = small.Job("one");
        SmallModel.Train(one, threads: 1);
        foreach (int threads in new[] { 2, 3 })
        {
            TrainingJob job = small.Job($"{threads} threads");
            SmallModel.Train(job, threads);
            RunOutput.AssertEqual(one, job);
        }
    }

    [Fact]
    public void Data_may_be_folders_and_globs()
    {
        using SmallModel small = new();
        string[] lines = File.ReadAllLines(small.In("corpus.txt"));
        Directory.CreateDirectory(small.In("data"));
        File.WriteAllLines(small.In("data", "2.txt"), lines[20..]);
        File.WriteAllLines(small.In("data", "1.txt"), lines[..20]);
        TrainingJob files = small.Job("files") with { Data = [small.In("data", "1.txt"), small.In("data", "2.txt")] };
        SmallModel.Train(files);
        foreach (string data in new[] { small.In("data"), small.In("data", "*.txt") })
        {
            TrainingJob job = files with { Data = [data], Output = small.In($"run {data.Length}") };
            SmallModel.Train(job);
            RunOutput.AssertEqual(files, job);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(7)]
    [InlineData(13)]
    public void A_stopped_and_resumed_run_equals_an_uninterrupted_one(int stopAfter)
    {
        // One step is left after 13: on the CPU a step is reported before the next begins.
        using SmallModel small = new();
        TrainingJob whole = small.Job("whole"), parts = small.Job("parts");
        SmallModel.Train(whole);
        using CancellationTokenSource stop = new();
        void StopAfter(TrainingProgress progress)
        {
            if (progress.Step == stopAfter) stop.Cancel();
        }
        Assert.Throws<OperationCanceledException>(
            () => SmallModel.Train(parts, progress: StopAfter, cancellation: stop.Token));
        SmallModel.Train(parts with { Resume = true });
        RunOutput.AssertEqual(whole, parts);
        Assert.Equal(14 + 6, RunOutput.Metrics(parts).Length);
    }

    [Fact]
    public void A_killed_run_equals_an_uninterrupted_one() => KillAndResume(steps: 400, kills: 2);

    [Fact]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public void A_run_killed_again_and_again_equals_an_uninterrupted_one() => KillAndResume(steps: 2500, kills: 12);

    static void KillAndResume(int steps, int kills)
    {
        const int seed = 3;
        using SmallModel small = new();
        TrainingJob whole = small.Job("whole");
        TrainingJob killed = small.Job("killed");
        string[] arguments =
        [
            "train", "--from-scratch", small.In("config.json"), "--vocabulary", small.Folder,
            "--data", small.In("corpus.txt"), "--eval-data", small.Folder, "--batch-size", "8",
            "--max-steps", $"{steps}", "--queue-size", "20", "--eval-every", "100", "--save-every", "1",
            "--threads", "1",
        ];
        Assert.Equal(0, Tool.Run("", [.. arguments, "--output", whole.Output]).Code);
        Random random = new(seed);
        for (int kill = 0; kill < kills; kill++)
        {
            using Process process = Tool.Start([.. arguments, "--output", killed.Output, "--resume"]);
            // The kill falls somewhere into a step or a checkpoint, of which there is one per step.
            WaitForSteps(process, RunOutput.Checkpoints(killed), random.Next(1, steps / (2 * kills)));
            process.Kill();
            process.WaitForExit();
        }
        Assert.Equal(0, Tool.Run("", [.. arguments, "--output", killed.Output, "--resume"]).Code);
        RunOutput.AssertEqual(whole, killed);
        string temporary = "*" + AtomicFile.TemporarySuffix;
        Assert.Empty(Directory.GetFiles(killed.Output, temporary, SearchOption.AllDirectories));
    }

    [Fact]
    public void A_finished_run_is_not_written_again()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        SmallModel.Train(job);
        string config = Path.Combine(job.Output, "config.json");
        File.AppendAllText(config, " ");
        DateTime written = File.GetLastWriteTimeUtc(RunOutput.ModelPath(job));
        SmallModel.Train(job with { Resume = true });
        Assert.Equal(written, File.GetLastWriteTimeUtc(RunOutput.ModelPath(job)));
        Assert.EndsWith(" ", File.ReadAllText(config), StringComparison.Ordinal);
    }

    [Fact]
    public void A_loss_that_is_not_finite_ends_the_run_and_keeps_the_last_checkpoint()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        job = job with { Options = job.Options with { LearningRate = 1e30f, MaxSteps = 1000, SaveEvery = 1 } };
        NotFiniteException error = Assert.Throws<NotFiniteException>(() => SmallModel.Train(job));
        Assert.Contains("step", error.Message, StringComparison.Ordinal);
        string folder = RunOutput.Checkpoints(job);
        string newest = Checkpoint.PathOf(folder, Checkpoint.Steps(folder)[^1]);
        using SafetensorsFile checkpoint = SafetensorsFile.Open(newest);
        Assert.Equal(0, checkpoint.Span<int>(checkpoint.Tensors["counters"])[StepState.NotFiniteStep]);
    }

    /// <summary>Waits until the run has saved a number of further steps.</summary>
    static void WaitForSteps(Process process, string checkpoints, int count)
    {
        int Newest() => Checkpoint.Steps(checkpoints) is [.., int step] ? step : 0;
        int target = Newest() + count;
        Stopwatch clock = Stopwatch.StartNew();
        while (Newest() < target)
        {
            Assert.False(process.HasExited, $"the run ended before step {target}");
            Assert.True(clock.Elapsed < Limit, $"the run has not saved step {target} after {Limit}");
            Thread.Sleep(1);
        }
    }
}
