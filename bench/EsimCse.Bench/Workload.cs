using EsimCse.Core.Model;

namespace EsimCse.Bench;

/// <summary>Sizes of a model and of random sentences to time it on.</summary>
sealed record Workload(string Name, BertConfig Config, int Batch, int SentenceLength, int Sentences, int Repetitions)
{
    const int MaxPositions = 512;
    const int ClsId = 2;
    const int SepId = 3;
    const int FirstWordId = 5;

    /// <summary>bert-base.</summary>
    static readonly BertConfig Base = new()
    {
        VocabularySize = 30522,
        HiddenSize = 768,
        Layers = 12,
        Heads = 12,
        IntermediateSize = 3072,
        MaxPositions = MaxPositions,
    };

    /// <summary>MiniLM-L6.</summary>
    static readonly BertConfig Mini = Base with
    {
        HiddenSize = 384,
        Layers = 6,
        IntermediateSize = 1536,
    };

    /// <summary>Just enough to see that everything runs.</summary>
    static readonly BertConfig Small = new()
    {
        VocabularySize = 100,
        HiddenSize = 64,
        Layers = 2,
        Heads = 2,
        IntermediateSize = 128,
        MaxPositions = MaxPositions,
    };

    /// <summary>Whether the work is done to see that it runs, not to time it.</summary>
    public bool IsSmall => Name == "small";

    public static Workload Named(string name) => name switch
    {
        "base" => new(name, Base, Batch: 64, SentenceLength: 26, Sentences: 16384, Repetitions: 9),
        "mini" => new(name, Mini, Batch: 64, SentenceLength: 26, Sentences: 16384, Repetitions: 9),
        "small" => new(name, Small, Batch: 4, SentenceLength: 10, Sentences: 8, Repetitions: 2),
        _ => throw new ArgumentException($"workload: found {name}, expected base, mini or small"),
    };

    public override string ToString() =>
        $"{Name}: {Config.Layers} layers of {Config.HiddenSize}, sentences of {SentenceLength} tokens, " +
        $"training batches of {Batch}";

    /// <summary>Draws sentences of random ids between [CLS] and [SEP].</summary>
    public int[][] Draw(int count, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (int[])[ClsId, .. Words(), SepId])];

        IEnumerable<int> Words() =>
            Enumerable.Range(0, SentenceLength - 2).Select(_ => random.Next(FirstWordId, Config.VocabularySize));
    }

    /// <summary>
    /// Returns the floating-point operations of a forward pass's matrix products over a number of tokens, attention's
    /// own products left out.
    /// </summary>
    public double MatmulOperations(int tokens) => Config.MatmulOperations(tokens);
}
