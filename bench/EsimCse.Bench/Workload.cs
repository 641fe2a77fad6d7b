using EsimCse.Core.Model;

namespace EsimCse.Bench;

/// <summary>What is timed: sizes of a model, and random sentences.</summary>
sealed record Workload(string Name, BertConfig Config, int Batch, int SentenceLength, int Sentences, int Repetitions)
{
    /// <summary>base: bert-base; small: enough to see that everything runs.</summary>
    public static Workload Named(string name) => name switch
    {
        "base" => new(name, Sizes(30522, 768, 12, 12, 3072), 64, 26, 16384, 9),
        "small" => new(name, Sizes(100, 64, 2, 2, 128), 4, 10, 8, 2),
        _ => throw new ArgumentException($"workload: found {name}, expected base or small"),
    };

    public override string ToString() => $"{Name}: {Config.Layers} layers of {Config.HiddenSize}, sentences of {SentenceLength} tokens, training batches of {Batch}";

    /// <summary>Random ids, the specials at their places.</summary>
    public int[][] Draw(int count, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (int[])[2, .. Enumerable.Range(0, SentenceLength - 2).Select(_ => random.Next(5, Config.VocabularySize)), 3])];
    }

    /// <summary>Floating-point operations of the products of a forward pass over so many tokens, but for attention's.</summary>
    public double ProductOperations(int tokens) => 2.0 * tokens * Config.Layers * (4.0 * Config.HiddenSize * Config.HiddenSize + 2.0 * Config.HiddenSize * Config.IntermediateSize);

    static BertConfig Sizes(int vocabulary, int hidden, int layers, int heads, int intermediate)
    {
        string file = Path.GetTempFileName();
        File.WriteAllText(file, $$"""
            {"model_type":"bert","vocab_size":{{vocabulary}},"hidden_size":{{hidden}},"num_hidden_layers":{{layers}},"num_attention_heads":{{heads}},"intermediate_size":{{intermediate}},"max_position_embeddings":512,"type_vocab_size":2,"hidden_act":"gelu"}
            """);
        BertConfig config = BertConfig.Read(file);
        File.Delete(file);
        return config;
    }
}
