using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Text;
using EsimCse.Core.Training;

namespace EsimCse.Bench.Participants;

/// <summary>
/// The training that participants of a comparison do: the same weights, batches, repetitions and options. It is
/// compiled into each of them.
/// </summary>
sealed class TrainingWork
{
    /// <summary>The number of steps of a check: enough to fill the queue and to overwrite a part of it.</summary>
    public const int CheckedSteps = 4;

    /// <summary>The name of the losses of a check, next to gradients by parameter.</summary>
    public const string Losses = "loss";

    readonly TrainingSource _source;
    readonly int _batchSize;

    /// <summary>Reads the model folder and the text.</summary>
    public TrainingWork(TrainingWorkOptions options)
    {
        Options = new TrainingOptions
        {
            BatchSize = options.Batch,
            QueueSize = options.Queue,
            Dropout = options.Dropout,
            LearningRate = options.LearningRate,
            RepetitionDraw = RepetitionDraw.Step,
        };
        _batchSize = options.Batch;
        _source = TrainingSource.Read(new TrainingJob
        {
            Model = options.Model,
            Data = [options.Text],
            Output = "",
            Options = Options,
        });
        BertTokenizer tokenizer = BertTokenizer.Load(_source.TokenizerPath, _source.LowerCase);
        Corpus = Corpus.Read([options.Text], null, tokenizer, Options.MaxLength);
        Positives = new PositiveViews(Options, tokenizer, _source.Config.MaxPositions);
        Order = Corpus.Order(Options.Seed, 0, shuffle: true);
    }

    public TrainingOptions Options { get; }

    public Corpus Corpus { get; }

    public PositiveViews Positives { get; }

    /// <summary>The order of the sentences, the same in every epoch.</summary>
    public int[] Order { get; }

    /// <summary>Creates the first weights.</summary>
    public BertParameters Create(IBackend backend) => _source.Create(backend, Options, ElementType.Float32);

    /// <summary>Returns the views of a step, counted from 1.</summary>
    public (int[][] Anchors, int[][] Positives) Views(int step)
    {
        int[] rows = [.. Corpus.BatchOfStep(Order, step, _batchSize)];
        int[][] anchors = [.. rows.Select(row => Corpus[row].Ids)];
        int[][] positives = [.. rows.Select(row => Positives.Create(Corpus[row].Ids, Corpus[row].Line, (uint)step))];
        return (anchors, positives);
    }
}
