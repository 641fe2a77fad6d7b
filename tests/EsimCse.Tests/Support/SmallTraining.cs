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

    public SmallTraining(IBackend backend, Augmentation augmentation, int steps)
    {
        Options = new()
        {
            BatchSize = BatchSize,
            Repetition = augmentation,
            RepetitionDraw = RepetitionDraw.Step,
            RepetitionRate = 0.6,
            QueueSize = 20,
            LearningRate = 1e-3f,
        };
        BertTokenizer tokenizer = BertTokenizer.Load(_small.Folder);
        Corpus = Corpus.Read([_small.In("corpus.txt")], null, tokenizer, Options.MaxLength);
        Bert = BertParameters.Random(backend, BertConfig.Read(_small.In("config.json")), head: true, seed: 3);
        Step = new(Bert, Options, steps);
        Positives = new(Options, tokenizer, Bert.Config.MaxPositions);
    }

    public TrainingOptions Options { get; }

    public Corpus Corpus { get; }

    public PositiveViews Positives { get; }

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
        Bert.Dispose();
        _small.Dispose();
    }
}
