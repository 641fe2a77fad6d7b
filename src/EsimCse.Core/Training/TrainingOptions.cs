using EsimCse.Core.Backend;
using EsimCse.Core.Model.Poolers;

namespace EsimCse.Core.Training;

/// <summary>Hyperparameters of a training run, by default those of the published run of bert-base.</summary>
public sealed record TrainingOptions
{
    /// <summary>The pooler to train with; the written model folder names it.</summary>
    public Pooler Pooler { get; init; } = Pooler.Cls;

    /// <summary>Whether the head is used in training only; the model is then evaluated and saved without it.</summary>
    public bool MlpOnlyTrain { get; init; } = true;

    /// <summary>The first values of the head.</summary>
    public HeadInit HeadInit { get; init; }

    /// <summary>Sentences per step, 1 … 1 048 576.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>
    /// The most sentences that are encoded at once, at least 1; null for the whole batch. Loss and gradients are those
    /// of the whole batch, memory that of a part: Gao et al., GradCache, arXiv 2101.06983.
    /// </summary>
    public int? MicroBatch { get; init; }

    /// <summary>Passes over the corpus, at least 1.</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>The number of steps, at least 1; null for the steps of <see cref="Epochs"/>.</summary>
    public int? MaxSteps { get; init; }

    /// <summary>The highest learning rate, above 0: that of the first step after warm-up.</summary>
    public float LearningRate { get; init; } = 3e-5f;

    /// <summary>The way of the learning rate after warm-up.</summary>
    public LearningRateSchedule Schedule { get; init; }

    /// <summary>Steps of warm-up, in which the learning rate rises linearly from 0; fewer than all steps.</summary>
    public int Warmup { get; init; }

    /// <summary>The weight decay of matrices and embeddings, at least 0.</summary>
    public float WeightDecay { get; init; }

    /// <summary>The most tokens of a training sentence, [CLS] and [SEP] counted; at least 2.</summary>
    public int MaxLength { get; init; } = 32;

    /// <summary>The temperature τ of the loss, above 0.</summary>
    public float Temperature { get; init; } = 0.05f;

    /// <summary>The number added to the logit of a row's own hard negative, as in SimCSE.</summary>
    public float HardNegativeWeight { get; init; }

    /// <summary>The dropout probability of hidden states and attention, from 0 to below 1.</summary>
    public float Dropout { get; init; } = 0.1f;

    /// <summary>The augmentation that makes a sentence's positive.</summary>
    public Augmentation Repetition { get; init; } = Augmentation.Subword;

    /// <summary>The repetition rate: a share of the tokens, 0 … 1.</summary>
    public double RepetitionRate { get; init; } = 0.32;

    /// <summary>The formula of the number of repeated tokens.</summary>
    public RepetitionFormula RepetitionFormula { get; init; }

    /// <summary>The time at which repetitions are drawn.</summary>
    public RepetitionDraw RepetitionDraw { get; init; }

    /// <summary>Rows Q of the queue of negatives; 0 for no queue and no momentum encoder.</summary>
    public int QueueSize { get; init; } = 160;

    /// <summary>The momentum m of the momentum encoder, 0 … 1.</summary>
    public float Momentum { get; init; } = 0.995f;

    /// <summary>The first weights of the momentum encoder.</summary>
    public MomentumInit MomentumInit { get; init; }

    /// <summary>The moments at which the queue is emptied.</summary>
    public QueueReset QueueReset { get; init; }

    /// <summary>The factor of the masked-language loss, added to the contrastive one; 0 for none.</summary>
    public float MlmWeight { get; init; }

    /// <summary>The probability of a token to be chosen for the masked-language loss, above 0, at most 1.</summary>
    public double MlmProbability { get; init; } = 0.15;

    /// <summary>Steps between evaluations, at least 1.</summary>
    public int EvaluateEvery { get; init; } = 125;

    /// <summary>Steps between checkpoints, at least 1.</summary>
    public int SaveEvery { get; init; } = 500;

    /// <summary>The seed of all random draws.</summary>
    public ulong Seed { get; init; } = 42;

    /// <summary>Whether the corpus is shuffled in every epoch.</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>The pooler whose vectors are evaluated and saved.</summary>
    public Pooler SavedPooler => MlpOnlyTrain ? Pooler.WithoutHead : Pooler;

    /// <summary>Checks the ranges of all options; messages use their command-line names.</summary>
    /// <exception cref="UsageException">
    /// An option is out of its range, or a batch has no negatives.
    /// </exception>
    internal void Check()
    {
        foreach (TrainingOption option in TrainingOptionTable.Rows) option.Check(this);
        if (BatchSize == 1 && QueueSize == 0)
            throw new UsageException(
                "--batch-size 1: a sentence alone has no negatives, expected at least 2, or a queue by --queue-size");
    }
}
