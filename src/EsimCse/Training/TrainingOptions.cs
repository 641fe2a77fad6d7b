using EsimCse.Model;

namespace EsimCse.Training;

/// <summary>Every knob of a training run; the defaults are those of the published ESimCSE run of bert-base.</summary>
public sealed record TrainingOptions
{
    /// <summary>What is trained on: also what the folder written says.</summary>
    public PoolerKind Pooler { get; init; } = PoolerKind.Cls;

    /// <summary>The head serves training only.</summary>
    public bool HeadInTrainingOnly { get; init; } = true;

    /// <summary>The head starts as the checkpoint's pooler.dense, not newly drawn.</summary>
    public bool HeadFromCheckpoint { get; init; }

    /// <summary>B, sentences a step, at least 1.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Passes over the corpus, at least 1.</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>Steps, in place of those that the epochs make.</summary>
    public int? MaxSteps { get; init; }

    /// <summary>Of the first step; it falls linearly to 0.</summary>
    public float LearningRate { get; init; } = 3e-5f;

    /// <summary>Of matrices and embeddings, times the learning rate.</summary>
    public float WeightDecay { get; init; }

    /// <summary>Tokens of a training sentence, [CLS] and [SEP] counted; at least 2.</summary>
    public int MaxLength { get; init; } = 32;

    /// <summary>τ, above 0.</summary>
    public float Temperature { get; init; } = 0.05f;

    /// <summary>Hidden and attention, 0 … below 1.</summary>
    public float Dropout { get; init; } = 0.1f;

    /// <summary>How the second view differs.</summary>
    public RepetitionKind Repetition { get; init; } = RepetitionKind.Subword;

    /// <summary>Share of the pieces, 0 … 1.</summary>
    public double RepetitionRate { get; init; } = 0.32;

    /// <summary>The paper's formula in place of the published code's.</summary>
    public bool PaperFormula { get; init; }

    /// <summary>The repetition is drawn anew each step, not once for all.</summary>
    public bool DrawEachStep { get; init; }

    /// <summary>Q; 0 for no queue and no momentum encoder.</summary>
    public int QueueSize { get; init; } = 160;

    /// <summary>Of the momentum encoder, 0 … 1.</summary>
    public float Momentum { get; init; } = 0.995f;

    /// <summary>The momentum encoder starts from random weights, as the published run's did.</summary>
    public bool RandomMomentum { get; init; }

    /// <summary>The queue outlives an epoch.</summary>
    public bool KeepQueue { get; init; }

    /// <summary>Steps from one evaluation to the next.</summary>
    public int EvaluateEvery { get; init; } = 125;

    /// <summary>Steps from one checkpoint to the next.</summary>
    public int SaveEvery { get; init; } = 500;

    /// <summary>Of every draw.</summary>
    public ulong Seed { get; init; } = 42;

    /// <summary>The corpus is shuffled anew each epoch.</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>The pooler whose vectors are evaluated and saved.</summary>
    public PoolerKind SavedPooler => Pooler == PoolerKind.Cls && HeadInTrainingOnly ? PoolerKind.ClsBeforePooler : Pooler;
}
