using EsimCse.Core.Backend;
using EsimCse.Core.Files;

namespace EsimCse.Core.Model;

/// <summary>The family and the sizes of an encoder, read from its config.json.</summary>
public sealed record BertConfig
{
    const string PaddingKey = "pad_token_id", PositionsKey = "max_position_embeddings";

    /// <summary>The family.</summary>
    public ModelFamily Family { get; init; } = ModelFamily.Bert;

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

    /// <summary>The activation function of the feed-forward.</summary>
    public Activation HiddenActivation { get; init; } = Activation.Gelu;

    /// <summary>The most tokens that a sentence may have.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>The row of the position embeddings that a sentence's first token reads.</summary>
    public int PositionOffset { get; init; }

    /// <summary>Token types; all tokens are of type 0.</summary>
    public int TypeVocabularySize { get; init; } = ModelFamily.Bert.TypeVocabularySize;

    /// <summary>ε of every layer normalisation.</summary>
    public float LayerNormEpsilon { get; init; } = 1e-12f;

    /// <summary>Standard deviation of newly drawn weights.</summary>
    public float InitializerRange { get; init; } = 0.02f;

    /// <summary>D = H / A.</summary>
    public int HeadSize => HiddenSize / Heads;

    /// <summary>Elements of all matrices, in double: the sizes in a file may overflow an integer.</summary>
    double ParameterCount
    {
        get
        {
            double embeddings = (double)VocabularySize + PositionOffset + MaxPositions + TypeVocabularySize;
            return HiddenSize * (embeddings + Layers * (4.0 * HiddenSize + 2.0 * IntermediateSize));
        }
    }

    /// <summary>Reads and checks config.json.</summary>
    /// <exception cref="InvalidInputException">
    /// The file is missing, is not JSON, or describes a model that this engine does not run.
    /// </exception>
    public static BertConfig Read(string path)
    {
        JsonSettings file = JsonSettings.Read(path, BertConfigKeys.All);
        ModelFamily family = ReadFamily(file);
        int offset = ReadPositionOffset(file, family);
        BertConfig config = new()
        {
            Family = family,
            VocabularySize = file.RequiredInteger("vocab_size", 1),
            HiddenSize = file.RequiredInteger("hidden_size", 1),
            Layers = file.RequiredInteger("num_hidden_layers", 1),
            Heads = file.RequiredInteger("num_attention_heads", 1),
            IntermediateSize = file.RequiredInteger("intermediate_size", 1),
            HiddenActivation = ReadActivation(file),
            MaxPositions = file.RequiredInteger(PositionsKey, 2) - offset,
            PositionOffset = offset,
            TypeVocabularySize = file.Integer("type_vocab_size", 1) ?? family.TypeVocabularySize,
            LayerNormEpsilon = file.Number("layer_norm_eps") ?? 1e-12f,
            InitializerRange = file.Number("initializer_range") ?? 0.02f,
        };
        config.CheckSizes(file);
        return config;
    }

    /// <summary>Finds the family by model_type, or by architectures where model_type is not stated.</summary>
    static ModelFamily ReadFamily(JsonSettings file)
    {
        const string typeKey = "model_type", classesKey = "architectures";
        string types = string.Join(" or ", ModelFamily.All.Select(family => family.ModelType));
        if (file.Text(typeKey) is { } type)
        {
            return ModelFamily.All.FirstOrDefault(family => family.ModelType == type)
                ?? throw file.Wrong(typeKey, types);
        }
        string[] classes = file.Texts(classesKey) ?? [];
        if (classes.Length == 0) throw file.Wrong(typeKey, types);
        string models = string.Join(" or ", ModelFamily.All.Select(family => family.Architecture));
        return ModelFamily.All.FirstOrDefault(family => classes.All(family.HasArchitecture))
            ?? throw file.Wrong(classesKey, $"{models} or one of its task models, without model_type");
    }

    /// <summary>Reads the first position and checks that there are two at least.</summary>
    static int ReadPositionOffset(JsonSettings file, ModelFamily family)
    {
        int? padding = file.Integer(PaddingKey, 0);
        long offset = family.PaddingBeforePositions is { } standard ? 1L + (padding ?? standard) : 0;
        if (offset + 2 <= file.RequiredInteger(PositionsKey, 2)) return (int)offset;
        throw file.Wrong(PositionsKey, $"at least {offset + 2}, because positions begin at {offset}");
    }

    static Activation ReadActivation(JsonSettings file)
    {
        const string key = "hidden_act";
        return file.Text(key) switch
        {
            null or "gelu" => Activation.Gelu,
            "gelu_new" or "gelu_pytorch_tanh" => Activation.GeluTanh,
            "relu" => Activation.Relu,
            _ => throw file.Wrong(key, "gelu, gelu_new, gelu_pytorch_tanh or relu"),
        };
    }

    void CheckSizes(JsonSettings file)
    {
        if (HiddenSize % Heads != 0) throw file.Wrong("hidden_size", $"a multiple of num_attention_heads {Heads}");
        RequireSame(BertConfigKeys.EmbeddingSize, HiddenSize, "hidden_size");
        RequireSame(BertConfigKeys.HeadSize, HeadSize, "hidden_size / num_attention_heads");
        RequireSame(BertConfigKeys.KeyValueHeads, Heads, "num_attention_heads");
        if (ParameterCount > int.MaxValue)
            throw new InvalidInputException(
                $"{file.File}: its sizes make {ParameterCount:F0} parameters, expected at most {int.MaxValue}");

        void RequireSame(string key, int size, string name)
        {
            if (file.Integer(key, 1) is { } found && found != size) throw file.Wrong(key, $"{size}, {name}");
        }
    }
}
