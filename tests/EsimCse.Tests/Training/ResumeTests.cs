using System.Diagnostics;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Files;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

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
        foreach (int threads in new[] { 2, 3 })
        {
            TrainingJob job = small.Job($"{threads} threads");
            SmallModel.Train(job, threads);
            Assert.Equal(Model(small.Job("one")), Model(job));
            Assert.Equal(Metrics(small.Job("one")), Metrics(job));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(7)]
    [InlineData(13)]
    public void A_run_that_was_stopped_equals_one_that_was_not(int stopAfter)
    {
        // One step is left after 13: on the CPU a step is reported before the next begins.
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
    public void Every_option_that_alters_the_result_is_named_where_it_changed()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        job = job with { Resume = true, Options = job.Options with { MaxSteps = 2 } };
        SmallModel.Train(job);
        (string Name, Func<TrainingOptions, TrainingOptions> Change)[] changes =
        [
            ("--pooler", o => o with { Pooler = Pooler.ClsBeforePooler }), ("--mlp-only-train", o => o with { MlpOnlyTrain = false }), ("--head-init", o => o with { HeadFromCheckpoint = true }),
            ("--batch-size", o => o with { BatchSize = 9 }), ("--max-steps", o => o with { MaxSteps = 3 }), ("--epochs", o => o with { MaxSteps = null, Epochs = 2 }),
            ("--learning-rate", o => o with { LearningRate = 1e-4f }), ("--weight-decay", o => o with { WeightDecay = 0.1f }), ("--max-length", o => o with { MaxLength = 5 }),
            ("--temperature", o => o with { Temperature = 0.1f }), ("--dropout", o => o with { Dropout = 0.2f }), ("--repetition", o => o with { Repetition = Augmentation.Word }),
            ("--repetition-rate", o => o with { RepetitionRate = 0.2 }), ("--repetition-formula", o => o with { PaperFormula = true }), ("--repetition-draw", o => o with { DrawEachStep = true }),
            ("--queue-size", o => o with { QueueSize = 21 }), ("--momentum", o => o with { Momentum = 0.9f }), ("--momentum-init", o => o with { RandomMomentum = true }),
            ("--queue-reset", o => o with { KeepQueue = true }), ("--eval-every", o => o with { EvaluateEvery = 4 }), ("--seed", o => o with { Seed = 1 }), ("--shuffle", o => o with { Shuffle = false }),
        ];
        foreach ((string name, Func<TrainingOptions, TrainingOptions> change) in changes) Refused(name, job with { Options = change(job.Options) });
        Refused("--eval-data", job with { EvaluationData = null });
        File.WriteAllLines(small.In("half.txt"), File.ReadLines(small.In("corpus.txt")).Take(20));
        Refused("--data", job with { Data = [small.In("half.txt")] });
        File.WriteAllText(small.In("heads.json"), File.ReadAllText(small.In("config.json")).Replace("\"num_attention_heads\":2", "\"num_attention_heads\":4", StringComparison.Ordinal));
        Refused("num_attention_heads", job with { Config = small.In("heads.json") });
        File.AppendAllText(small.In("stsb", "sts-dev.csv"), "a\tb\tc\t20\t5\tthe cat\ta cat\n");
        Refused("stsb-dev", job);

        static void Refused(string name, TrainingJob job) =>
            Assert.Contains($": {name}", Assert.Throws<UsageException>(() => SmallModel.Train(job)).Message.Replace("--eval-data's ", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_model_to_start_from_is_named()
    {
        using SmallModel small = new();
        TrainingJob first = small.Job("first"), other = small.Job("other");
        SmallModel.Train(first);
        SmallModel.Train(other with { Options = other.Options with { Seed = 9 } });
        TrainingJob job = small.Job("run") with { Model = first.Output, Config = null, Vocabulary = null };
        SmallModel.Train(job);
        Assert.Contains(": MODEL was ", Assert.Throws<UsageException>(() => SmallModel.Train(job with { Resume = true, Model = other.Output })).Message, StringComparison.Ordinal);
        SmallModel.Train(job with { Resume = true });
        File.AppendAllText(small.In("config.json"), " ");
        Assert.Contains(": --from-scratch was ", Assert.Throws<UsageException>(() => SmallModel.Train(first with { Resume = true })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_out_of_range_are_refused_before_anything_is_written()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        (string Name, Func<TrainingOptions, TrainingOptions> Change)[] changes =
        [
            ("--batch-size: found 0", o => o with { BatchSize = 0 }), ("--batch-size: found 2147483647", o => o with { BatchSize = int.MaxValue }), ("--epochs", o => o with { Epochs = 0 }),
            ("--max-steps", o => o with { MaxSteps = 0 }), ("--learning-rate", o => o with { LearningRate = 0 }), ("--weight-decay", o => o with { WeightDecay = float.NaN }),
            ("--max-length", o => o with { MaxLength = 1 }), ("--temperature", o => o with { Temperature = 0 }), ("--dropout", o => o with { Dropout = 1 }),
            ("--repetition-rate", o => o with { RepetitionRate = 1.5 }), ("--queue-size", o => o with { QueueSize = -1 }), ("--momentum", o => o with { Momentum = float.PositiveInfinity }),
            ("--eval-every", o => o with { EvaluateEvery = 0 }), ("--save-every", o => o with { SaveEvery = 0 }),
        ];
        foreach ((string name, Func<TrainingOptions, TrainingOptions> change) in changes)
            Assert.Contains(name, Assert.Throws<UsageException>(() => SmallModel.Train(job with { Options = change(job.Options) })).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(job.Output));
    }

    [Fact]
    public void A_checkpoint_that_was_cut_short_is_passed_over()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        SmallModel.Train(job);
        byte[] model = Model(job);
        string newest = Checkpoint.PathOf(Path.Combine(job.Output, "checkpoints"), 14);
        File.WriteAllBytes(newest, File.ReadAllBytes(newest)[..1000]);
        File.Delete(Path.Combine(job.Output, "model.safetensors"));
        SmallModel.Train(job with { Resume = true });
        Assert.Equal(model, Model(job));
        using SafetensorsFile whole = SafetensorsFile.Open(newest);
    }

    [Fact]
    public void The_model_that_training_starts_from_is_not_written_over()
    {
        using SmallModel small = new();
        SmallModel.Train(small.Job("run"));
        byte[] model = Model(small.Job("run"));
        TrainingJob onto = small.Job("run") with { Model = small.In("run") + "/", Config = null, Vocabulary = null, Overwrite = true };
        Assert.Contains("another folder", Assert.Throws<UsageException>(() => SmallModel.Train(onto)).Message, StringComparison.Ordinal);
        Assert.Equal(model, Model(small.Job("run")));
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
