using System.Globalization;
using System.Text.Json;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Model;
using EsimCse.Core.Text;
using EsimCse.Core.Training;
using EsimCse.Cpu;
using EsimCse.Peers;

// usage: DATA CONDITION STEPS SEED... : trains as bench/training-curves.sh does, and prints a line a run as golden/bert-mlm-l4-h384/training.jsonl has them.
// In the environment: THREADS (1); DROPOUT (0.1); MASKS=ours drops what our own run drops.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
(string data, string condition, int steps) = (args[0], args[1], int.Parse(args[2], CultureInfo.InvariantCulture));
int every = Math.Min(25, steps);
TorchSharp.torch.set_num_threads(int.Parse(Environment.GetEnvironmentVariable("THREADS") ?? "1", CultureInfo.InvariantCulture));
foreach (string seed in args[3..])
{
    TrainingOptions options = new()
    {
        MaxSteps = steps,
        LearningRate = 3e-4f,
        RepetitionFormula = RepetitionFormula.Paper,
        Seed = ulong.Parse(seed, CultureInfo.InvariantCulture),
        Repetition = condition is "repetition" or "both" ? Augmentation.Subword : Augmentation.None,
        QueueSize = condition is "queue" or "both" ? 160 : 0,
        Dropout = float.Parse(Environment.GetEnvironmentVariable("DROPOUT") ?? "0.1", CultureInfo.InvariantCulture),
    };
    TrainingJob job = new() { Model = Path.Combine(data, "models/bert-mlm-l4-h384"), Data = [Path.Combine(data, "corpus/wikipedia-en-10k.txt")], Output = "", Options = options };
    TrainingSource source = TrainingSource.Read(job);
    BertTokenizer tokenizer = BertTokenizer.Load(source.TokenizerPath);
    Corpus corpus = Corpus.Read(job.Data, null, tokenizer, options.MaxLength);
    using CpuBackend backend = new(1);
    using BertParameters bert = source.Create(backend, options, ElementType.Float32);
    // The schedule is that of 150 steps, of which the first are enough for a look at the start.
    using TorchTraining training = new(bert, options, Math.Max(150, steps), ourMasks: Environment.GetEnvironmentVariable("MASKS") == "ours");
    IReadOnlyList<ScoredPair> pairs = StsSets.Read(Path.Combine(data, "sts"), "stsb-dev");
    List<int[]> sentences = [.. pairs.SelectMany(pair => new[] { pair.First, pair.Second }).Select(tokenizer.Encode)];
    PositiveViews repetition = new(options, tokenizer, source.Config.MaxPositions);
    int[] order = corpus.Order(options.Seed, 0, shuffle: true);
    List<object> evaluations = [Evaluation(0)];
    List<float> losses = [];
    List<double> norms = [];
    for (int step = 0; step < steps; step++)
    {
        int[] chosen = [.. corpus.Batch(order, step, options.BatchSize)];
        int[][] ids = [.. chosen.Select(sentence => corpus[sentence].Ids)];
        int[][] second = [.. chosen.Select(sentence => repetition.Create(corpus[sentence].Ids, corpus[sentence].Line, (uint)step + 1))];
        (float loss, double norm) = training.Step(ids, second);
        losses.Add(loss);
        norms.Add(norm);
        if ((step + 1) % every == 0) evaluations.Add(Evaluation(step + 1));
        Console.Error.WriteLine($"{condition} {seed} {step + 1} {loss}");
    }
    Console.WriteLine(JsonSerializer.Serialize(new { condition, seed = options.Seed, evaluations, loss = losses, gradient_norm = norms }));

    object Evaluation(int step) => new
    {
        step,
        stsb_dev = SetScore.Compute(training.Embed(sentences), source.Config.HiddenSize, [.. sentences.Select(ids => ids.Length)], pairs).Spearman,
    };
}
