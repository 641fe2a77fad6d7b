using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Training;

public class RunIdentityTests
{
    /// <summary>A changed value of each option that changes the result.</summary>
    static readonly Dictionary<string, Func<TrainingOptions, TrainingOptions>> Changes = new()
    {
        ["--pooler"] = o => o with { Pooler = Pooler.ClsBeforePooler },
        ["--mlp-only-train"] = o => o with { MlpOnlyTrain = false },
        ["--head-init"] = o => o with { HeadInit = HeadInit.Checkpoint },
        ["--batch-size"] = o => o with { BatchSize = 9 },
        ["--micro-batch"] = o => o with { MicroBatch = 3 },
        ["--hard-negative-weight"] = o => o with { HardNegativeWeight = 1 },
        ["--max-steps"] = o => o with { MaxSteps = 3 },
        ["--epochs"] = o => o with { MaxSteps = null, Epochs = 2 },
        ["--learning-rate"] = o => o with { LearningRate = 1e-4f },
        ["--schedule"] = o => o with { Schedule = LearningRateSchedule.Cosine },
        ["--warmup"] = o => o with { Warmup = 1 },
        ["--weight-decay"] = o => o with { WeightDecay = 0.1f },
        ["--max-length"] = o => o with { MaxLength = 5 },
        ["--temperature"] = o => o with { Temperature = 0.1f },
        ["--dropout"] = o => o with { Dropout = 0.2f },
        ["--repetition"] = o => o with { Repetition = Augmentation.Word },
        ["--repetition-rate"] = o => o with { RepetitionRate = 0.2 },
        ["--repetition-formula"] = o => o with { RepetitionFormula = RepetitionFormula.Paper },
        ["--repetition-draw"] = o => o with { RepetitionDraw = RepetitionDraw.Step },
        ["--queue-size"] = o => o with { QueueSize = 21 },
        ["--momentum"] = o => o with { Momentum = 0.9f },
        ["--momentum-init"] = o => o with { MomentumInit = MomentumInit.Random },
        ["--queue-reset"] = o => o with { QueueReset = QueueReset.Never },
        ["--mlm-weight"] = o => o with { MlmWeight = 0.1f },
        ["--mlm-probability"] = o => o with { MlmProbability = 0.2 },
        ["--eval-every"] = o => o with { EvaluateEvery = 4 },
        ["--seed"] = o => o with { Seed = 1 },
        ["--shuffle"] = o => o with { Shuffle = false },
    };

    [Fact]
    public void A_changed_option_or_input_is_named()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        job = job with { Resume = true, Options = job.Options with { MaxSteps = 2 } };
        SmallModel.Train(job);
        foreach ((string name, Func<TrainingOptions, TrainingOptions> change) in Changes)
            AssertNamed(name, job with { Options = change(job.Options) });
        AssertNamed("--eval-data", job with { EvaluationData = null });

        File.WriteAllLines(small.In("half.txt"), File.ReadLines(small.In("corpus.txt")).Take(20));
        AssertNamed("--data", job with { Data = [small.In("half.txt")] });

        string config = File.ReadAllText(small.In("config.json"));
        const string Heads = "\"num_attention_heads\":";
        File.WriteAllText(small.In("heads.json"), config.Replace(Heads + "2", Heads + "4", StringComparison.Ordinal));
        AssertNamed("num_attention_heads", job with { Config = small.In("heads.json") });

        File.AppendAllText(small.In("stsb", "sts-dev.csv"), "a\tb\tc\t20\t5\tthe cat\ta cat\n");
        AssertNamed("--eval-data's stsb-dev", job);
    }

    [Fact]
    public void Every_option_that_changes_the_result_is_tested_here()
    {
        string[] names = [.. TrainingOptionTable.Rows.Where(row => row.ChangesResult).Select(row => row.Name)];
        Assert.Equal(names.Concat(["--epochs", "--max-steps"]).Order(), Changes.Keys.Order());
    }

    [Fact]
    public void A_changed_model_to_start_from_is_named()
    {
        using SmallModel small = new();
        TrainingJob first = small.Job("first"), other = small.Job("other");
        SmallModel.Train(first);
        SmallModel.Train(other with { Options = other.Options with { Seed = 9 } });
        TrainingJob job = small.Job("run") with { Model = first.Output, Config = null, Vocabulary = null };
        SmallModel.Train(job);
        AssertNamed("MODEL", job with { Resume = true, Model = other.Output });
        SmallModel.Train(job with { Resume = true });
        File.AppendAllText(small.In("config.json"), " ");
        AssertNamed("--from-scratch", first with { Resume = true });
    }

    static void AssertNamed(string name, TrainingJob job)
    {
        UsageException error = Assert.Throws<UsageException>(() => SmallModel.Train(job));
        Assert.Contains($": {name}", error.Message, StringComparison.Ordinal);
        Assert.Contains(" was ", error.Message, StringComparison.Ordinal);
    }
}
