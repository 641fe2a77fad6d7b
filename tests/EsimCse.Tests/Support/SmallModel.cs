using EsimCse.Core.Training;
using EsimCse.Cpu;

namespace EsimCse.Tests.Support;

/// <summary>A model small enough to train in a test, from text and sizes made here.</summary>
sealed class SmallModel : IDisposable
{
    static readonly string[] Words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "a", "cat", "dog", "bird", "sees", "hears", "##s", "old", "red", "tree", "house", "in", "near", "."];

    public SmallModel()
    {
        Folder = Directory.CreateTempSubdirectory("esimcse-test-").FullName;
        File.WriteAllLines(In("vocab.txt"), Words);
        File.WriteAllText(In("config.json"), """
            {"model_type":"bert","vocab_size":20,"hidden_size":16,"num_hidden_layers":2,"num_attention_heads":2,"intermediate_size":24,"max_position_embeddings":40,"type_vocab_size":2,"hidden_act":"gelu"}
            """);
        Random random = new(5);
        string Sentence() => string.Join(' ', Enumerable.Range(0, random.Next(3, 14)).Select(_ => Words[random.Next(5, Words.Length)].Replace("##", "cat", StringComparison.Ordinal)));
        File.WriteAllLines(In("corpus.txt"), Enumerable.Range(0, 45).Select(_ => Sentence()));
        Directory.CreateDirectory(In("stsb"));
        foreach (string part in new[] { "dev", "test" })
            File.WriteAllLines(In("stsb", $"sts-{part}.csv"), Enumerable.Range(0, 20).Select(i => $"a\tb\tc\t{i}\t{random.Next(0, 6)}\t{Sentence()}\t{Sentence()}"));
    }

    public string Folder { get; }

    public string In(params string[] parts) => Path.Combine([Folder, .. parts]);

    public TrainingJob Job(string output) => new()
    {
        Config = In("config.json"),
        Vocabulary = Folder,
        Data = [In("corpus.txt")],
        Output = In(output),
        EvaluationData = Folder,
        Options = new() { BatchSize = 8, MaxSteps = 14, LearningRate = 1e-3f, QueueSize = 20, EvaluateEvery = 3, SaveEvery = 4 },
    };

    public static void Train(TrainingJob job, int threads = 2, Action<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        using CpuBackend backend = new(threads);
        using Trainer trainer = Trainer.Open(job, backend);
        trainer.Run(progress, cancellation);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
