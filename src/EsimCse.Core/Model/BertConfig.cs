using System.Text.Json.Nodes;
using EsimCse.Core.Backend;
using EsimCse.Core.Files;

namespace EsimCse.Core.Model;

/// <summary>The family and the sizes of an encoder, read from its config.json.</summary>
public sealed record BertConfig
{
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
            double embeddings = (double)VocabularySize + MaxPositions + TypeVocabularySize;
            return HiddenSize * (embeddings + Layers * (4.0 * HiddenSize + 2.0 * IntermediateSize));
        }
    }

    /// <summary>Reads and checks config.json.</summary>
    /// <exception cref="InvalidInputException">
    /// The file is missing, is not JSON, or describes a model that this engine does not run.
    /// </exception>
    public static BertConfig Read(string path)
    {
        ConfigFile file = new(path);
        ModelFamily family = file.Family();
        file.Expect("position_embedding_type", "absolute");
        BertConfig config = new()
        {
            Family = family,
            VocabularySize = file.Integer("vocab_size"),
            HiddenSize = file.Integer("hidden_size"),
            Layers = file.Integer("num_hidden_layers"),
            Heads = file.Integer("num_attention_heads"),
            IntermediateSize = file.Integer("intermediate_size"),
            HiddenActivation = file.HiddenActivation(),
            MaxPositions = file.Integer("max_position_embeddings", 2 + family.PositionOffset) - family.PositionOffset,
            TypeVocabularySize = file.IntegerOr("type_vocab_size", family.TypeVocabularySize),
            LayerNormEpsilon = file.Number("layer_norm_eps", 1e-12f),
            InitializerRange = file.Number("initializer_range", 0.02f),
        };
        if (config.HiddenSize % config.Heads != 0)
        {
            string expected = $"a multiple of num_attention_heads {config.Heads}";
            throw file.Wrong("hidden_size", $"{config.HiddenSize}", expected);
        }
        if (config.ParameterCount > int.MaxValue)
            throw new InvalidInputException(
                $"{path}: its sizes make {config.ParameterCount:F0} parameters, expected at most {int.MaxValue}");
        return config;
    }

    /// <summary>The entries of one config.json, with its path for error messages.</summary>
    sealed class ConfigFile(string path)
    {
        readonly JsonObject _json = JsonFile.ReadObject(path);

        public ModelFamily Family()
        {
            string type = Text("model_type", ModelFamily.Bert.ModelType);
            if (ModelFamily.All.FirstOrDefault(family => family.ModelType == type) is { } found) return found;
            string expected = string.Join(" or ", ModelFamily.All.Select(family => family.ModelType));
            bool roberta = type is "roberta" or "xlm-roberta" or "camembert";
            throw Wrong("model_type", type, roberta ? expected + ": RoBERTa is not supported yet" : expected);
        }

        public Activation HiddenActivation()
        {
            const string name = "hidden_act";
            const string gelu = "gelu";
            string found = Text(name, gelu);
            return found switch
            {
                gelu => Activation.Gelu,
                "gelu_new" or "gelu_pytorch_tanh" => Activation.GeluTanh,
                "relu" => Activation.Relu,
                _ => throw Wrong(name, found, "gelu, gelu_new, gelu_pytorch_tanh or relu"),
            };
        }

        public int Integer(string name, int minimum = 1)
        {
            JsonNode? node = _json[name];
            if (node is JsonValue value && value.TryGetValue(out int number) && number >= minimum) return number;
            string expected = minimum == 1 ? "a positive whole number" : $"a whole number of at least {minimum}";
            throw Wrong(name, node?.ToJsonString() ?? "nothing", expected);
        }

        public int IntegerOr(string name, int missing) => _json.ContainsKey(name) ? Integer(name) : missing;

        public float Number(string name, float missing)
        {
            if (_json[name] is not { } node) return missing;
            if (node is JsonValue value && value.TryGetValue(out double number))
            {
                float single = (float)number;
                if (float.IsFinite(single) && number >= 0) return single;
            }
            throw Wrong(name, node.ToJsonString(), "a number that is not negative");
        }

        /// <summary>Refuses an entry that is present with another value.</summary>
        public void Expect(string name, string expected)
        {
            string found = Text(name, expected);
            if (found != expected) throw Wrong(name, found, expected);
        }

        public InvalidInputException Wrong(string name, string found, string expected) =>
            new($"{path}: {name}: found {found}, expected {expected}");

        string Text(string name, string missing)
        {
            if (_json[name] is not { } node) return missing;
            return JsonFile.Text(node) ?? node.ToJsonString();
        }
    }
}
