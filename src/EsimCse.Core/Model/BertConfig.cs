using System.Text.Json.Nodes;
using EsimCse.Core.Files;

namespace EsimCse.Core.Model;

/// <summary>The sizes of a BERT encoder, as its config.json states them.</summary>
public sealed record BertConfig
{
    /// <summary>V, entries of the vocabulary.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>H.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Layers, at least 1.</summary>
    public required int Layers { get; init; }

    /// <summary>A, a divisor of H.</summary>
    public required int Heads { get; init; }

    /// <summary>F.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>The most tokens that a sentence may have.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>Token types; all our tokens are of type 0.</summary>
    public int TypeVocabularySize { get; init; } = 2;

    /// <summary>ε of every layer normalisation.</summary>
    public float LayerNormEpsilon { get; init; } = 1e-12f;

    /// <summary>Standard deviation of newly drawn weights.</summary>
    public float InitializerRange { get; init; } = 0.02f;

    /// <summary>D = H / A.</summary>
    public int HeadSize => HiddenSize / Heads;

    /// <summary>Elements of all matrices, in double: what a file says may pass every whole number.</summary>
    double Parameters => HiddenSize * ((double)VocabularySize + MaxPositions + TypeVocabularySize + Layers * (4.0 * HiddenSize + 2.0 * IntermediateSize));

    /// <summary>Reads and checks config.json.</summary>
    /// <exception cref="InvalidInputException">The file is missing, no JSON, or describes what is no BERT that we run.</exception>
    public static BertConfig Read(string path)
    {
        JsonObject json = JsonFile.ReadObject(path);
        string type = Text(json, "model_type", "bert");
        if (type is "roberta" or "xlm-roberta" or "camembert") throw Wrong("model_type", type, "bert: RoBERTa is not supported yet");
        Expect("model_type", type, "bert");
        Expect("hidden_act", Text(json, "hidden_act", "gelu"), "gelu");
        Expect("position_embedding_type", Text(json, "position_embedding_type", "absolute"), "absolute");
        BertConfig config = new()
        {
            VocabularySize = Positive("vocab_size"),
            HiddenSize = Positive("hidden_size"),
            Layers = Positive("num_hidden_layers"),
            Heads = Positive("num_attention_heads"),
            IntermediateSize = Positive("intermediate_size"),
            MaxPositions = Positive("max_position_embeddings", least: 2),
            TypeVocabularySize = json.ContainsKey("type_vocab_size") ? Positive("type_vocab_size") : 2,
            LayerNormEpsilon = Number("layer_norm_eps", 1e-12f),
            InitializerRange = Number("initializer_range", 0.02f),
        };
        if (config.HiddenSize % config.Heads != 0) throw Wrong("hidden_size", $"{config.HiddenSize}", $"a multiple of num_attention_heads {config.Heads}");
        return config.Parameters <= int.MaxValue ? config : throw new InvalidInputException($"{path}: its sizes make {config.Parameters:F0} parameters, expected at most {int.MaxValue}");

        int Positive(string name, int least = 1) => json[name] is JsonValue value && value.TryGetValue(out int number) && number >= least
            ? number
            : throw Wrong(name, json[name]?.ToJsonString() ?? "nothing", least == 1 ? "a positive whole number" : $"a whole number of at least {least}");

        float Number(string name, float missing) => json[name] is null ? missing
            : json[name] is JsonValue value && value.TryGetValue(out double number) && float.IsFinite((float)number) && number >= 0 ? (float)number
            : throw Wrong(name, json[name]!.ToJsonString(), "a number that is not negative");

        void Expect(string name, string found, string expected)
        {
            if (found != expected) throw Wrong(name, found, expected);
        }

        InvalidInputException Wrong(string name, string found, string expected) => new($"{path}: {name}: found {found}, expected {expected}");
    }

    static string Text(JsonObject json, string name, string missing) =>
        json[name] is not { } node ? missing : node is JsonValue value && value.TryGetValue(out string? text) ? text : node.ToJsonString();
}
