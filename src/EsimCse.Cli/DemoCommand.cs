using System.CommandLine;
using System.Text.Json.Nodes;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Files;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Text;
using EsimCse.Core.Training;
using EsimCse.Reports;
using EsimCseNative;

namespace EsimCse.Cli;

/// <summary>
/// Shows the method on generated text: trains encoders, scores and compares them, and embeds sentences.
/// </summary>
static class DemoCommand
{
    const int CorpusSize = 20_000;
    const int PairCount = 900;
    const int DefaultSteps = 300;
    const int NeighbourCorpusSize = 2000;
    const int Queries = 3;
    const int Neighbours = 3;

    static readonly Condition[] Conditions =
    [
        new("none", options => options with { Repetition = Augmentation.None, QueueSize = 0 }),
        new("repetition", options => options with { QueueSize = 0 }),
        new("queue", options => options with { Repetition = Augmentation.None }),
        new("both", options => options),
    ];

    public static Command Create()
    {
        Option<string> output = new("--output")
        {
            Description = "The folder to write; an earlier demo in it is replaced.",
            DefaultValueFactory = _ => "demo-output",
        };
        Option<int?> steps = CommonOptions.Number("--steps", "Training steps of each run (300).", 1);
        Option<bool> shorter = new("--short") { Description = "Runs the full method only, not all four conditions." };
        Command command = new("demo", "Trains a small encoder on generated text and shows the result.")
        {
            output, steps, shorter,
        };
        Func<ParseResult, DeviceChoice> device = command.AddDevice(training: true);
        command.OnRun((parsed, stop) =>
        {
            Condition[] conditions = parsed.GetValue(shorter) ? Conditions[^1..] : Conditions;
            int stepCount = parsed.GetValue(steps) ?? DefaultSteps;
            Run(parsed.GetValue(output)!, stepCount, conditions, device(parsed), stop);
        });
        return command;
    }

    static void Run(string folder, int steps, Condition[] conditions, DeviceChoice device, CancellationToken stop)
    {
        string text = Path.Combine(folder, "text");
        WriteText(text);
        string counts = $"{CorpusSize} sentences and {2 * PairCount} held-out pairs";
        Console.WriteLine($"{counts} from a small grammar, written to {folder}/text. The first sentence:");
        Console.WriteLine($"  {File.ReadLines(Path.Combine(text, "corpus.txt")).First()}");

        List<(string Condition, Scores Scores)> rows = [];
        foreach (Condition condition in conditions)
        {
            Console.WriteLine($"\ntraining from scratch: {condition.Name}");
            TrainingOptions options = condition.Change(CreateOptions(steps));
            rows.Add((condition.Name, Train(text, Path.Combine(folder, condition.Name), options, device, stop)));
        }
        WriteScores(rows);
        string report = Path.Combine(folder, ReportCommand.FileName);
        ReportPage.Write(rows.Select(row => Path.Combine(folder, row.Condition)), report);
        WriteNeighbours(Path.Combine(folder, "both"), text, device);

        const string sentences = "\"the tall baker paints a boat.\" \"a boat was painted by the tall baker.\"";
        Console.WriteLine($"\nThe report of the runs is {report}, a page for a browser.");
        Console.WriteLine($"The model is in {folder}/both. Try:");
        Console.WriteLine($"  dotnet run -c Release --project src/EsimCse.Cli -- similarity {folder}/both {sentences}");
    }

    static TrainingOptions CreateOptions(int steps) => new()
    {
        MaxSteps = steps,
        LearningRate = 1e-3f,
        EvaluateEvery = Math.Max(1, steps / 6),
        SaveEvery = steps,
        RepetitionFormula = RepetitionFormula.Paper,
        Seed = 1,
        Pooler = Pooler.Avg,
    };

    static Scores Train(
        string text, string output, TrainingOptions options, DeviceChoice device, CancellationToken stop)
    {
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
        double untrained = double.NaN;
        using Trainer trainer = Trainer.Open(job, sizes => device.OpenToTrain(sizes), SentenceReader.Text);
        using ProgressLine line = new();
        trainer.Run(Show, stop);
        double best = trainer.Best?.Score ?? double.NaN;
        return new Scores(untrained, best, TestScore(output, text, device, stop));

        void Show(TrainingProgress progress)
        {
            if (progress is { Step: 0, Score: { } score }) untrained = score;
            line.Show(progress);
        }
    }

    static double TestScore(string model, string text, DeviceChoice device, CancellationToken stop)
    {
        using SentenceEncoder encoder = SentenceEncoder.Load(model, new() { Device = device });
        return encoder.Score(StsSets.Read(text, "stsb-test"), stop).Spearman;
    }

    static void WriteScores(List<(string Condition, Scores Scores)> rows)
    {
        Console.WriteLine("\nSpearman × 100 between cosine and the share of common meaning, on held-out pairs");
        Console.WriteLine($"{"",-12} {"untrained",10} {"best, dev",10} {"best, test",11}");
        foreach ((string name, Scores scores) in rows)
        {
            string dev = $"{100 * scores.Untrained,10:F2} {100 * scores.BestDev,10:F2}";
            Console.WriteLine($"{name,-12} {dev} {100 * scores.BestTest,11:F2}");
        }
    }

    static void WriteNeighbours(string model, string text, DeviceChoice device)
    {
        using SentenceEncoder encoder = SentenceEncoder.Load(model, new() { Device = device });
        string[] sentences = [.. File.ReadLines(Path.Combine(text, "corpus.txt")).Take(NeighbourCorpusSize)];
        float[][] vectors = encoder.Encode(sentences);
        Console.WriteLine($"\nnearest neighbours among {NeighbourCorpusSize} sentences");
        for (int query = 0; query < Queries; query++)
        {
            Console.WriteLine($"  {sentences[query]}");
            double[] cosines = [.. vectors.Select(vector => Similarity.Cosine(vectors[query], vector))];
            IEnumerable<int> others = Enumerable.Range(0, sentences.Length).Where(i => i != query);
            foreach (int other in others.OrderByDescending(i => cosines[i]).Take(Neighbours))
                Console.WriteLine($"    {cosines[other]:F3}  {sentences[other]}");
        }
    }

    /// <summary>Writes vocabulary, corpus, scored pairs and the sizes of the model.</summary>
    static void WriteText(string folder)
    {
        Directory.CreateDirectory(Path.Combine(folder, "stsb"));
        DemoGrammar grammar = new(seed: 1);
        IEnumerable<string> corpus = Enumerable.Range(0, CorpusSize).Select(_ => grammar.Sentence());
        WriteLines(Path.Combine(folder, "vocab.txt"), DemoGrammar.Vocabulary);
        WriteLines(Path.Combine(folder, "corpus.txt"), corpus);
        foreach (string part in new[] { "dev", "test" })
        {
            IEnumerable<string> pairs = Enumerable.Range(0, PairCount).Select(grammar.ScoredPair);
            WriteLines(Path.Combine(folder, "stsb", $"sts-{part}.csv"), pairs);
        }
        WriteLines(Path.Combine(folder, "config.json"), [CreateConfig().ToJsonString()]);
    }

    static JsonObject CreateConfig() => new()
    {
        ["model_type"] = "bert",
        ["vocab_size"] = DemoGrammar.Vocabulary.Count(),
        ["hidden_size"] = 64,
        ["num_hidden_layers"] = 2,
        ["num_attention_heads"] = 4,
        ["intermediate_size"] = 256,
        ["max_position_embeddings"] = 64,
        ["type_vocab_size"] = 2,
        ["hidden_act"] = "gelu",
        ["layer_norm_eps"] = 1e-12,
        ["initializer_range"] = 0.02,
    };

    static void WriteLines(string path, IEnumerable<string> lines) => AtomicFile.Write(path, stream =>
    {
        using StreamWriter writer = new(stream, leaveOpen: true) { NewLine = "\n" };
        foreach (string line in lines) writer.WriteLine(line);
    });

    /// <summary>A row of the comparison: the parts of the method that are switched on.</summary>
    sealed record Condition(string Name, Func<TrainingOptions, TrainingOptions> Change);

    /// <summary>
    /// Spearman of a run: before training and of the best model on dev pairs, and of the latter on test pairs.
    /// </summary>
    sealed record Scores(double Untrained, double BestDev, double BestTest);
}
