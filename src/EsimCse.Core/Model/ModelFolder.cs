using System.Text.Json.Nodes;
using EsimCse.Core.Files;
using EsimCse.Core.Model.Poolers;

namespace EsimCse.Core.Model;

/// <summary>The settings of a model folder in Hugging Face's or sentence-transformers' layout.</summary>
public sealed record ModelFolder
{
    /// <summary>The folder's path.</summary>
    public required string Path { get; init; }

    /// <summary>The encoder's path: the folder itself or that of its Transformer module.</summary>
    public required string EncoderPath { get; init; }

    /// <summary>The encoder's config.json.</summary>
    public required BertConfig Config { get; init; }

    /// <summary>The pooling; <see cref="Poolers.Pooler.Avg"/> where the folder does not state one.</summary>
    public Pooler Pooler { get; init; } = Pooler.Avg;

    /// <summary>Whether vectors are normalised to length 1.</summary>
    public bool Normalize { get; init; }

    /// <summary>The path of the Dense module after the pooling, which replaces pooler.dense; null for none.</summary>
    public string? Dense { get; init; }

    /// <summary>max_seq_length; null where it is not stated.</summary>
    public int? MaxLength { get; init; }

    /// <summary>Whether the folder states no pooling.</summary>
    public bool IsBare { get; init; }

    /// <summary>Reads the settings of a folder.</summary>
    /// <exception cref="InvalidInputException">
    /// The folder is missing or has a setting that is not supported.
    /// </exception>
    public static ModelFolder Read(string path)
    {
        if (!Directory.Exists(path)) throw new InvalidInputException($"{path}: no such folder");
        string named = System.IO.Path.Combine(path, "esimcse.json");
        string modules = System.IO.Path.Combine(path, "modules.json");
        if (File.Exists(named)) return ReadNamed(path, named);
        return File.Exists(modules) ? ReadModules(path, modules) : ReadEncoder(path, path) with { IsBare = true };
    }

    /// <summary>
    /// Returns the most tokens that a sentence may have: max_seq_length, else the tokenizer's model_max_length, and
    /// at most the model's positions.
    /// </summary>
    public int LengthLimit(int? modelMaxLength) =>
        Math.Min(Config.MaxPositions, MaxLength ?? modelMaxLength ?? int.MaxValue);

    static ModelFolder ReadNamed(string path, string file)
    {
        JsonNode? name = JsonFile.ReadObject(file)["pooler"];
        if (Pooler.TryParse(JsonFile.Text(name), out Pooler? pooler))
            return ReadEncoder(path, path) with { Pooler = pooler };
        string found = name?.ToJsonString() ?? "nothing";
        throw new InvalidInputException(
            $"{file}: pooler: found {found}, expected one of {string.Join(", ", Pooler.All)}");
    }

    static ModelFolder ReadEncoder(string path, string encoder) => new()
    {
        Path = path,
        EncoderPath = encoder,
        Config = BertConfig.Read(System.IO.Path.Combine(encoder, "config.json")),
        MaxLength = ReadMaxLength(System.IO.Path.Combine(encoder, "sentence_bert_config.json")),
    };

    static int? ReadMaxLength(string file)
    {
        if (!File.Exists(file) || JsonFile.ReadObject(file)["max_seq_length"] is not { } length) return null;
        if (length is JsonValue value && value.TryGetValue(out int tokens) && tokens >= 2) return tokens;
        throw new InvalidInputException(
            $"{file}: max_seq_length: found {length.ToJsonString()}, expected a whole number of at least 2");
    }

    static ModelFolder ReadModules(string path, string file)
    {
        ModelFolder? folder = null;
        foreach ((string type, string part) in ListModules(file))
        {
            string modulePath = System.IO.Path.Combine(path, part);
            folder = ReadModule(folder, path, modulePath, type) ?? throw WrongModule(file, type);
        }
        return folder ?? throw new InvalidInputException($"{file}: no modules");
    }

    /// <summary>
    /// Applies one module to the settings of those before it; null where it is not supported after them.
    /// </summary>
    static ModelFolder? ReadModule(ModelFolder? folder, string path, string modulePath, string type)
    {
        if (type == "Transformer") return ReadEncoder(path, modulePath);
        if (folder is null) return null;
        return type switch
        {
            "Pooling" => folder with { Pooler = ReadPooling(System.IO.Path.Combine(modulePath, "config.json")) },
            "Dense" when folder.Pooler.WithHead is { } pooler =>
                folder with { Pooler = pooler, Dense = CheckDense(modulePath) },
            "Normalize" => folder with { Normalize = true },
            _ => null,
        };
    }

    static IEnumerable<(string Type, string Part)> ListModules(string file)
    {
        if (JsonFile.Read(file) is not JsonArray modules)
            throw new InvalidInputException($"{file}: expected a list of modules");
        foreach (JsonNode? node in modules)
        {
            JsonObject? module = node as JsonObject;
            string part = JsonFile.Text(module?["path"]) ?? "";
            if (part.Contains("..", StringComparison.Ordinal) || System.IO.Path.IsPathRooted(part))
                throw new InvalidInputException($"{file}: path '{part}' leaves the folder");
            yield return (JsonFile.Text(module?["type"])?.Split('.')[^1] ?? "", part);
        }
    }

    static Pooler ReadPooling(string file)
    {
        string[] modes = PoolingMode.ReadNames(JsonFile.ReadObject(file));
        PoolingMode? mode = modes is [string only] ? PoolingMode.Find(only) : null;
        Pooler? pooler = Pooler.All.FirstOrDefault(
            pooler => mode is not null && pooler.SentenceTransformersMode == mode && !pooler.HasHead);
        return pooler ?? throw WrongPooling(file, modes);
    }

    static string CheckDense(string modulePath)
    {
        string file = System.IO.Path.Combine(modulePath, "config.json");
        string? activation = JsonFile.Text(JsonFile.ReadObject(file)["activation_function"])?.Split('.')[^1];
        if (activation == "Tanh") return modulePath;
        throw new InvalidInputException($"{file}: activation_function: found {activation ?? "nothing"}, expected Tanh");
    }

    static InvalidInputException WrongModule(string file, string type)
    {
        const string Expected = "Transformer, Pooling, Dense after [CLS] pooling, Normalize, in this order";
        return new($"{file}: module {type}: expected {Expected}");
    }

    static InvalidInputException WrongPooling(string file, string[] found)
    {
        IEnumerable<string> expected = Pooler.All
            .Select(pooler => pooler.SentenceTransformersMode?.Name)
            .OfType<string>()
            .Distinct();
        return new($"{file}: pooling: found {string.Join(" and ", found)}, expected {string.Join(" or ", expected)}");
    }
}
