using EsimCse.Core.Backend;
using EsimCse.Core.Model.Poolers;

namespace EsimCse.Core.Training;

/// <summary>Every knob of a training run; the defaults are those of the published ESimCSE run of bert-base.</summary>
public sealed record TrainingOptions
{
    /// <summary>What is trained on: also what the folder written says.</summary>
    public Pooler Pooler { get; init; } = Pooler.Cls;

    /// <summary>The head serves training only.</summary>
    public bool MlpOnlyTrain { get; init; } = true;

    /// <summary>The head starts as the checkpoint's pooler.dense, not newly drawn.</summary>
    public bool HeadFromCheckpoint { get; init; }

    /// <summary>The most sentences of a step; what no machine could hold would only overflow.</summary>
    internal const int MostSentences = 1 << 20;

    /// <summary>B, sentences a step, 1 … 1 048 576.</summary>
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
    public Augmentation Repetition { get; init; } = Augmentation.Subword;

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
    public Pooler SavedPooler => MlpOnlyTrain ? Pooler.WithoutHead : Pooler;

    /// <summary>Refuses what is out of its range, under the names of the command line.</summary>
    /// <exception cref="UsageException">An option is out of its range.</exception>
    internal void Check()
    {
        Range("--batch-size", BatchSize, 1, MostSentences);
        Range("--epochs", Epochs, 1, int.MaxValue);
        Range("--max-steps", MaxSteps ?? 1, 1, int.MaxValue);
        Range("--learning-rate", LearningRate, float.Epsilon, float.MaxValue);
        Range("--weight-decay", WeightDecay, 0, float.MaxValue);
        Range("--max-length", MaxLength, 2, int.MaxValue);
        Range("--temperature", Temperature, float.Epsilon, float.MaxValue);
        Range("--dropout", Dropout, 0, MathF.BitDecrement(1));
        Range("--repetition-rate", RepetitionRate, 0, 1);
        Range("--queue-size", QueueSize, 0, int.MaxValue);
        Range("--momentum", Momentum, 0, 1);
        Range("--eval-every", EvaluateEvery, 1, int.MaxValue);
        Range("--save-every", SaveEvery, 1, int.MaxValue);

        static void Range(string name, double value, double least, double most)
        {
            if (!(value >= least && value <= most)) throw new UsageException(FormattableString.Invariant($"{name}: found {value}, expected {least} to {most}"));
        }
    }
}
