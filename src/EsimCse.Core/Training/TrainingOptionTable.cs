using EsimCse.Core.Backend;
using EsimCse.Core.Model.Poolers;
using static EsimCse.Core.Training.OptionValues;

namespace EsimCse.Core.Training;

/// <summary>
/// The options of a training run: name, help, allowed values, property, and whether the result depends on it. The
/// command line, the range checks and the identity that a resumed run must keep are made from these rows. Defaults are
/// those of <see cref="TrainingOptions"/>.
/// </summary>
static class TrainingOptionTable
{
    /// <summary>Sentences per step beyond which sizes would overflow.</summary>
    const int MaxBatchSize = 1 << 20;

    // The result depends on the number of steps, which the identity of a run holds itself.
    const bool ThroughSteps = false;

    const bool NoChange = false;

    public static IReadOnlyList<TrainingOption> Rows { get; } =
    [
        Row("--pooler", "Pooler to train with, whatever the model folder says",
            Poolers, o => o.Pooler, (o, v) => o with { Pooler = v }),
        Row("--mlp-only-train", "Whether the head of cls is used in training only",
            TrueOrFalse, o => o.MlpOnlyTrain, (o, v) => o with { MlpOnlyTrain = v }),
        Row("--head-init", "First values of the head: newly drawn, or the model folder's pooler.dense",
            OneOf<HeadInit>(), o => o.HeadInit, (o, v) => o with { HeadInit = v }),
        Row("--batch-size", "Sentences per step",
            Integer(1, MaxBatchSize), o => o.BatchSize, (o, v) => o with { BatchSize = v }),
        Row("--micro-batch", "Sentences that are encoded at once: the batch's loss in the memory of a part",
            Optional(Integer(1, MaxBatchSize)), o => o.MicroBatch, (o, v) => o with { MicroBatch = v }),
        Row("--epochs", "Passes over the data",
            Integer(1), o => o.Epochs, (o, v) => o with { Epochs = v }, ThroughSteps),
        Row("--max-steps", "Number of steps, in place of --epochs",
            Optional(Integer(1)), o => o.MaxSteps, (o, v) => o with { MaxSteps = v }, ThroughSteps),
        Row("--learning-rate", "Highest learning rate, that of the first step after warm-up",
            Float(v => v > 0, "a number above 0"), o => o.LearningRate, (o, v) => o with { LearningRate = v }),
        Row("--schedule", "Way of the learning rate after warm-up",
            OneOf<LearningRateSchedule>(), o => o.Schedule, (o, v) => o with { Schedule = v }),
        Row("--warmup", "Steps in which the learning rate rises linearly from 0",
            Integer(0), o => o.Warmup, (o, v) => o with { Warmup = v }),
        Row("--weight-decay", "Weight decay of matrices and embeddings",
            Float(v => v >= 0, "a number of at least 0"), o => o.WeightDecay, (o, v) => o with { WeightDecay = v }),
        Row("--max-length", "Tokens at which training sentences are truncated, [CLS] and [SEP] counted",
            Integer(2), o => o.MaxLength, (o, v) => o with { MaxLength = v }),
        Row("--temperature", "Temperature of the loss",
            Float(v => v > 0, "a number above 0"), o => o.Temperature, (o, v) => o with { Temperature = v }),
        Row("--hard-negative-weight", "Number added to the logit of a row's own hard negative",
            Float(_ => true, "a number"), o => o.HardNegativeWeight, (o, v) => o with { HardNegativeWeight = v }),
        Row("--dropout", "Dropout probability of hidden states and attention",
            Float(v => v is >= 0 and < 1, "a number from 0 to below 1"),
            o => o.Dropout, (o, v) => o with { Dropout = v }),
        Row("--repetition", "Augmentation that makes the positive of a sentence",
            OneOf<Augmentation>(), o => o.Repetition, (o, v) => o with { Repetition = v }),
        Row("--repetition-rate", "Share of the tokens that is repeated at most",
            Double(v => v is >= 0 and <= 1, "a number from 0 to 1"),
            o => o.RepetitionRate, (o, v) => o with { RepetitionRate = v }),
        Row("--repetition-formula", "Formula of the number of repeated tokens: the published code's or the paper's",
            OneOf<RepetitionFormula>(), o => o.RepetitionFormula, (o, v) => o with { RepetitionFormula = v }),
        Row("--repetition-draw", "Whether the repetition of a sentence is drawn once or in every step",
            OneOf<RepetitionDraw>(), o => o.RepetitionDraw, (o, v) => o with { RepetitionDraw = v }),
        Row("--queue-size", "Negatives kept from earlier steps; 0 for no queue and no momentum encoder",
            Integer(0), o => o.QueueSize, (o, v) => o with { QueueSize = v }),
        Row("--momentum", "Momentum of the momentum encoder",
            Float(v => v is >= 0 and <= 1, "a number from 0 to 1"),
            o => o.Momentum, (o, v) => o with { Momentum = v }),
        Row("--momentum-init", "First weights of the momentum encoder",
            OneOf<MomentumInit>(), o => o.MomentumInit, (o, v) => o with { MomentumInit = v }),
        Row("--queue-reset", "When the queue is emptied",
            OneOf<QueueReset>(), o => o.QueueReset, (o, v) => o with { QueueReset = v }),
        Row("--mlm-weight", "Factor with which the masked-language loss is added; 0 to leave it out",
            Float(v => v >= 0, "a number of at least 0"), o => o.MlmWeight, (o, v) => o with { MlmWeight = v }),
        Row("--mlm-probability", "Probability with which a token is chosen for the masked-language loss",
            Double(v => v is > 0 and <= 1, "a number above 0 and at most 1"),
            o => o.MlmProbability, (o, v) => o with { MlmProbability = v }),
        Row("--eval-every", "Steps between evaluations",
            Integer(1), o => o.EvaluateEvery, (o, v) => o with { EvaluateEvery = v }),
        Row("--save-every", "Steps between checkpoints",
            Integer(1), o => o.SaveEvery, (o, v) => o with { SaveEvery = v }, NoChange),
        Row("--seed", "Seed of all random draws",
            Unsigned, o => o.Seed, (o, v) => o with { Seed = v }),
        Row("--shuffle", "Whether the data is shuffled in every epoch",
            TrueOrFalse, o => o.Shuffle, (o, v) => o with { Shuffle = v }),
    ];

    static OptionValues<Pooler> Poolers => OneOf(Pooler.All, [.. Pooler.All.Select(pooler => pooler.Name)]);

    static TrainingOption<T> Row<T>(
        string name,
        string help,
        OptionValues<T> values,
        Func<TrainingOptions, T> get,
        Func<TrainingOptions, T, TrainingOptions> with,
        bool changesResult = true) =>
        new(name, help, values, get, with, changesResult);
}
