using EsimCse.Core.Model;
using EsimCse.Core.Training;
using EsimCse.Cpu;

namespace EsimCse.Tests.Support;

/// <summary>A folder with vocabulary, configuration, corpus and STS data, small enough to train on in a test.</summary>
sealed class SmallModel : IDisposable
{
    const string ConfigJson = """
        {
          "model_type":"bert",
          "vocab_size":20,
          "hidden_size":16,
          "num_hidden_layers":2,
          "num_attention_heads":2,
          "intermediate_size":24,
          "max_position_embeddings":40,
          "type_vocab_size":2,
          "hidden_act":"gelu"
        }
        """;

    static readonly string[] Words =
    [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "a", "cat", "dog", "bird",
        "sees", "hears", "##s", "old", "red", "tree", "house", "in", "near", ".",
    ];

    readonly Random _random = new(5);

    public SmallModel()
    {
        Folder = Directory.CreateTempSubdirectory("esimcse-test-").FullName;
        File.WriteAllLines(In("vocab.txt"), Words);
        File.WriteAllText(In("config.json"), ConfigJson);
        File.WriteAllLines(In("corpus.txt"), Enumerable.Range(0, 45).Select(_ => Sentence()));
        Directory.CreateDirectory(In("stsb"));
        foreach (string split in new[] { "dev", "test" })
            File.WriteAllLines(In("stsb", $"sts-{split}.csv"), Enumerable.Range(0, 20).Select(StsLine));
    }

    /// <summary>The sizes of config.json.</summary>
    public static BertConfig Config { get; } = new()
    {
        VocabularySize = 20,
        HiddenSize = 16,
        Layers = 2,
        Heads = 2,
        IntermediateSize = 24,
        MaxPositions = 40,
    };

    public string Folder { get; }

    public string In(params string[] parts) => Path.Combine([Folder, .. parts]);

    public TrainingJob Job(string output) => new()
    {
        Config = In("config.json"),
        Vocabulary = Folder,
        Data = [In("corpus.txt")],
        Output = In(output),
        EvaluationData = Folder,
        Options = new()
        {
            BatchSize = 8,
            MaxSteps = 14,
            LearningRate = 1e-3f,
            QueueSize = 20,
            EvaluateEvery = 3,
            SaveEvery = 4,
        },
    };

    public static void Train(
        TrainingJob job,
        int threads = 2,
        Action<TrainingProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        using CpuBackend backend = new(threads);
        using Trainer trainer = Trainer.Open(job, backend);
        trainer.Run(progress, cancellation);
    }

    /// <summary>Returns sentences of 2 to 39 random tokens.</summary>
    public static int[][] RandomSentences(int count)
    {
        Random random = new(4);
        return [.. Enumerable.Range(0, count).Select(i => (int[])[2, .. Words(i % 38), 3])];

        IEnumerable<int> Words(int length) =>
            Enumerable.Range(0, length).Select(_ => random.Next(5, Config.VocabularySize));
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    // The score is drawn before the sentences.
    string StsLine(int index) => $"a\tb\tc\t{index}\t{_random.Next(0, 6)}\t{Sentence()}\t{Sentence()}";

    string Sentence() => string.Join(' ', Enumerable.Range(0, _random.Next(3, 14)).Select(_ => Word()));

    string Word() => Words[_random.Next(5, Words.Length)].Replace("##", "cat", StringComparison.Ordinal);
}
