using System.CommandLine;
using System.Text.Json.Nodes;
using EsimCse.Core.Backend;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Files;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;
using EsimCseNative;

namespace EsimCse.Cli;

/// <summary>The whole product on text that it makes itself: train, score, compare, embed.</summary>
static class DemoCommand
{
    const int CorpusSize = 20_000, PairCount = 900, Neighbours = 3, Steps = 300;

    static readonly (string Name, Func<TrainingOptions, TrainingOptions> Change)[] Conditions =
    [
        ("none", options => options with { Repetition = Augmentation.None, QueueSize = 0 }),
        ("repetition", options => options with { QueueSize = 0 }),
        ("queue", options => options with { Repetition = Augmentation.None }),
        ("both", options => options),
    ];

    public static Command Create()
    {
        Option<string> output = new("--output") { Description = "The folder to write; an earlier demo there is replaced.", DefaultValueFactory = _ => "demo-output" };
        Option<int?> steps = CommonOptions.Number("--steps", "Training steps of each run (300).", 1);
        Option<bool> shorter = new("--short") { Description = "One run, of all of the method, in place of four." };
        Command command = new("demo", "Trains a small encoder on text of its own making and shows what it learned.") { output, steps, shorter };
        Func<ParseResult, DeviceChoice> device = command.AddDevice(training: true);
        command.OnRun((parsed, stop) => Run(parsed.GetValue(output)!, parsed.GetValue(steps) ?? Steps, parsed.GetValue(shorter) ? Conditions[^1..] : Conditions, device(parsed), stop));
        return command;
    }

    static void Run(string folder, int steps, (string Name, Func<TrainingOptions, TrainingOptions> Change)[] conditions, DeviceChoice device, CancellationToken stop)
    {
        Write(folder);
        Console.WriteLine($"{CorpusSize} sentences and {2 * PairCount} held-out pairs from a small grammar, written to {folder}/text. One of them:");
        Console.WriteLine($"  {File.ReadLines(Path.Combine(folder, "text", "corpus.txt")).First()}");
        List<(string Name, double Start, double End, double Test)> rows = [];
        foreach ((string name, Func<TrainingOptions, TrainingOptions> change) in conditions)
        {
            Console.WriteLine($"\ntraining from scratch: {name}");
            rows.Add(Train(folder, name, change(Options(steps)), device, stop));
        }
        Console.WriteLine("\nSpearman × 100 between cosine and the share of meaning in common, on held-out pairs");
        Console.WriteLine($"{"",-12} {"untrained",10} {"best, dev",10} {"best, test",11}");
        foreach ((string name, double start, double end, double test) in rows) Console.WriteLine($"{name,-12} {start,10:F2} {end,10:F2} {test,11:F2}");
        ShowNeighbours(Path.Combine(folder, "both"), Path.Combine(folder, "text"), device);
        Console.WriteLine($"\nThe model is in {folder}/both. Try:\n  dotnet run -c Release --project src/EsimCse.Cli -- similarity {folder}/both \"the tall baker paints a boat.\" \"a boat was painted by the tall baker.\"");
    }

    static TrainingOptions Options(int steps) => new() { MaxSteps = steps, LearningRate = 1e-3f, EvaluateEvery = Math.Max(1, steps / 6), SaveEvery = steps, PaperFormula = true, Seed = 1, Pooler = Pooler.Avg };

    static (string, double, double, double) Train(string folder, string name, TrainingOptions options, DeviceChoice device, CancellationToken stop)
    {
        string text = Path.Combine(folder, "text"), output = Path.Combine(folder, name);
        double start = double.NaN;
        TrainingJob job = new()
        {
            Config = Path.Combine(text, "config.json"),
            Vocabulary = text,
            Data = [Path.Combine(text, "corpus.txt")],
            EvaluationData = text,
            Output = output,
            Overwrite = true,
            Options = options,
        };
        using Trainer trainer = Trainer.Open(job, sizes => device.OpenToTrain(sizes));
        using ProgressLine line = new();
        trainer.Run(progress =>
        {
            if (progress is { Step: 0, Score: { } score }) start = score;
            line.Show(progress);
        }, stop);
        using SentenceEncoder encoder = SentenceEncoder.Load(output, new() { Device = device });
        IReadOnlyList<ScoredPair> pairs = StsSets.Read(text, "stsb-test");
        IReadOnlyList<int[]> ids = encoder.Tokenize([.. pairs.SelectMany(pair => new[] { pair.First, pair.Second })]);
        SetScore test = SetScore.Compute(encoder.Encode(ids, stop), encoder.Dimension, [.. ids.Select(sentence => sentence.Length)], pairs);
        return (name, 100 * start, 100 * (trainer.Best?.Score ?? double.NaN), 100 * test.Spearman);
    }

    static void ShowNeighbours(string model, string text, DeviceChoice device)
    {
        using SentenceEncoder encoder = SentenceEncoder.Load(model, new() { Device = device });
        string[] sentences = [.. File.ReadLines(Path.Combine(text, "corpus.txt")).Take(2000)];
        float[][] vectors = encoder.Encode(sentences);
        Console.WriteLine("\nnearest neighbours among 2000 sentences");
        foreach (int query in new[] { 0, 1, 2 })
        {
            Console.WriteLine($"  {sentences[query]}");
            foreach (int other in Enumerable.Range(0, sentences.Length).Where(i => i != query).OrderByDescending(i => SetScore.Cosine(vectors[query], vectors[i])).Take(Neighbours))
                Console.WriteLine($"    {SetScore.Cosine(vectors[query], vectors[other]):F3}  {sentences[other]}");
        }
    }

    static void Write(string folder)
    {
        string text = Path.Combine(folder, "text");
        Directory.CreateDirectory(Path.Combine(text, "stsb"));
        DemoGrammar grammar = new(seed: 1);
        WriteLines(Path.Combine(text, "vocab.txt"), DemoGrammar.Vocabulary);
        WriteLines(Path.Combine(text, "corpus.txt"), Enumerable.Range(0, CorpusSize).Select(_ => grammar.Sentence()));
        foreach (string part in new[] { "dev", "test" })
            WriteLines(Path.Combine(text, "stsb", $"sts-{part}.csv"), Enumerable.Range(0, PairCount).Select(grammar.ScoredPair));
        WriteLines(Path.Combine(text, "config.json"),
        [
            new JsonObject
            {
                ["model_type"] = "bert", ["vocab_size"] = DemoGrammar.Vocabulary.Count(), ["hidden_size"] = 64, ["num_hidden_layers"] = 2, ["num_attention_heads"] = 4,
                ["intermediate_size"] = 256, ["max_position_embeddings"] = 64, ["type_vocab_size"] = 2, ["hidden_act"] = "gelu", ["layer_norm_eps"] = 1e-12, ["initializer_range"] = 0.02,
            }.ToJsonString(),
        ]);
    }

    static void WriteLines(string path, IEnumerable<string> lines) => AtomicFile.Write(path, stream =>
    {
        using StreamWriter writer = new(stream, leaveOpen: true) { NewLine = "\n" };
        foreach (string line in lines) writer.WriteLine(line);
    });
}
