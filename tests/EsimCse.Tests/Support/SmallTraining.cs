using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Text;
using EsimCse.Core.Training;

namespace EsimCse.Tests.Support;

/// <summary>Steps over <see cref="SmallModel"/>'s corpus: its sixth batch of eight is a smaller one.</summary>
sealed class SmallTraining : IDisposable
{
    public const int BatchSize = 8;

    readonly SmallModel _small = new();

    public SmallTraining(IBackend backend, Augmentation augmentation, int steps, float mlmWeight = 0)
    {
        Options = new()
        {
            BatchSize = BatchSize,
            Repetition = augmentation,
            RepetitionDraw = RepetitionDraw.Step,
            RepetitionRate = 0.6,
            QueueSize = 20,
            LearningRate = 1e-3f,
            MlmWeight = mlmWeight,
        };
        BertTokenizer tokenizer = BertTokenizer.Load(_small.Folder);
        Corpus = Corpus.Read([_small.In("corpus.txt")], null, tokenizer, Options.MaxLength);
        BertConfig config = BertConfig.Read(_small.In("config.json"));
        bool mlm = mlmWeight > 0;
        Bert = BertParameters.Random(backend, config, head: true, seed: 3, maskedLanguageHead: mlm);
        if (mlm) Masking = new TokenMasking(backend, Options, tokenizer);
        Step = new(Bert, Options, steps);
        Positives = new(Options, tokenizer, Bert.Config.MaxPositions);
    }

    public TrainingOptions Options { get; }

    public Corpus Corpus { get; }

    public PositiveViews Positives { get; }

    /// <summary>The masking; null without a masked-language loss.</summary>
    public TokenMasking? Masking { get; }

    public BertParameters Bert { get; }

    public TrainingStep Step { get; }

    /// <summary>Returns the order of a step's epoch.</summary>
    public int[] OrderOf(int step) => Corpus.Order(1, (step - 1) / Corpus.Batches(BatchSize), shuffle: true);

    /// <summary>Returns a step's anchors and positives.</summary>
    public (int[][] Anchors, int[][] Positives) BatchOf(int step)
    {
        int[] sentences = [.. Corpus.BatchOfStep(OrderOf(step), step, BatchSize)];
        int[] Positive(int sentence) => Positives.Create(Corpus[sentence].Ids, Corpus[sentence].Line, (uint)step);
        return ([.. sentences.Select(sentence => Corpus[sentence].Ids)], [.. sentences.Select(Positive)]);
    }

    /// <summary>Returns the contents of the queue, then all parameters.</summary>
    public float[] ReadState()
    {
        Matrix queue = Step.State.Single(part => part.Name == "queue").Matrix;
        float[] rows = new float[queue.Count];
        Bert.Backend.Download(queue, rows.AsSpan());
        return [.. rows, .. Bert.Layout.Tensors.SelectMany(tensor => Bert.Get(tensor))];
    }

    public void Dispose()
    {
        Step.Dispose();
        Masking?.Dispose();
        Bert.Dispose();
        _small.Dispose();
    }
}
