using System.Globalization;
using System.Text.Json;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Model;
using EsimCse.Core.Text;
using EsimCse.Core.Training;
using EsimCse.Cpu;

namespace EsimCse.Peers.TorchSharp;

/// <summary>
/// Trains as bench/training-curves.sh does, and prints a line a run in the form of the recorded PyTorch runs.
/// </summary>
sealed class TrainingCurves(string data, string condition, int steps)
{
    const int ScheduledSteps = 150;
    const int StepsPerEvaluation = 25;

    public void Train(ulong seed)
    {
        TrainingJob job = Job(seed);
        TrainingOptions options = job.Options;
        TrainingSource source = TrainingSource.Read(job);
        BertTokenizer tokenizer = BertTokenizer.Load(source.TokenizerPath);
        Corpus corpus = Corpus.Read(job.Data, null, tokenizer, options.MaxLength);
        PositiveViews positives = new(options, tokenizer, source.Config.MaxPositions);
        int[] order = corpus.Order(seed, 0, shuffle: true);
        using CpuBackend backend = new(1);
        using BertParameters bert = source.Create(backend, options, ElementType.Float32);
        // The learning rate falls over the recorded number of steps, also where only the first ones are run.
        bool ourMasks = Variable("MASKS", "") == "ours";
        using TorchTraining training = new(bert, options, Math.Max(ScheduledSteps, steps), ourMasks);
        DevPairs dev = new(data, tokenizer, source.Config.HiddenSize);
        List<object> evaluations = [Evaluate(0)];
        List<float> losses = [];
        List<double> norms = [];
        int evaluateEvery = Math.Min(StepsPerEvaluation, steps);
        for (int step = 1; step <= steps; step++)
        {
            int[] batch = [.. corpus.Batch(order, step - 1, options.BatchSize)];
            int[][] anchorIds = [.. batch.Select(sentence => corpus[sentence].Ids)];
            int[][] positiveIds = [.. batch.Select(sentence => Positive(sentence, (uint)step))];
            (float loss, double norm) = training.Step(anchorIds, positiveIds);
            losses.Add(loss);
            norms.Add(norm);
            if (step % evaluateEvery == 0) evaluations.Add(Evaluate(step));
            Console.Error.WriteLine($"{condition} {seed} {step} {loss}");
        }
        object run = new { condition, seed, evaluations, loss = losses, gradient_norm = norms };
        Console.WriteLine(JsonSerializer.Serialize(run));

        int[] Positive(int sentence, uint step) => positives.Create(corpus[sentence].Ids, corpus[sentence].Line, step);

        object Evaluate(int step) => new { step, stsb_dev = dev.Score(training) };
    }

    TrainingJob Job(ulong seed) => new()
    {
        Model = Path.Combine(data, "models/bert-mlm-l4-h384"),
        Data = [Path.Combine(data, "corpus/wikipedia-en-10k.txt")],
        Output = "",
        Options = new()
        {
            MaxSteps = steps,
            LearningRate = 3e-4f,
            RepetitionFormula = RepetitionFormula.Paper,
            Seed = seed,
            Repetition = condition is "repetition" or "both" ? Augmentation.Subword : Augmentation.None,
            QueueSize = condition is "queue" or "both" ? 160 : 0,
            Dropout = float.Parse(Variable("DROPOUT", "0.1"), CultureInfo.InvariantCulture),
        },
    };

    static string Variable(string name, string defaultValue) =>
        Environment.GetEnvironmentVariable(name) ?? defaultValue;

    /// <summary>The dev pairs of STS-B as token ids.</summary>
    sealed class DevPairs
    {
        readonly IReadOnlyList<ScoredPair> _pairs;
        readonly List<int[]> _sentences;
        readonly int _dimension;

        public DevPairs(string data, BertTokenizer tokenizer, int dimension)
        {
            _pairs = StsSets.Read(Path.Combine(data, "sts"), "stsb-dev");
            _sentences = [.. StsSets.Sentences(_pairs).Select(tokenizer.Encode)];
            _dimension = dimension;
        }

        /// <summary>Returns Spearman's correlation, -1 to 1.</summary>
        public double Score(TorchTraining training)
        {
            int[] lengths = [.. _sentences.Select(ids => ids.Length)];
            return SetScore.Compute(training.Embed(_sentences), _dimension, lengths, _pairs).Spearman;
        }
    }
}
