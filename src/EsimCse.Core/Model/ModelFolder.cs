using System.Text.Json.Nodes;
using EsimCse.Core.Files;
using EsimCse.Core.Model.Poolers;

namespace EsimCse.Core.Model;

/// <summary>What a folder of Hugging Face's or sentence-transformers' layout says: the model, and how its vectors are to be made.</summary>
public sealed record ModelFolder
{
    /// <summary>Where it lies.</summary>
    public required string Path { get; init; }

    /// <summary>Where its encoder lies: the folder itself or the one of its Transformer module.</summary>
    public required string EncoderPath { get; init; }

    /// <summary>config.json.</summary>
    public required BertConfig Config { get; init; }

    /// <summary>How it pools; a bare folder says nothing and means <see cref="Poolers.Pooler.Avg"/>.</summary>
    public Pooler Pooler { get; init; } = Pooler.Avg;

    /// <summary>Whether the vectors are normalised.</summary>
    public bool Normalize { get; init; }

    /// <summary>The folder of the Dense module after the pooling, which takes the place of pooler.dense; null for none.</summary>
    public string? Dense { get; init; }

    /// <summary>max_seq_length, where it is stated.</summary>
    public int? MaxLength { get; init; }

    /// <summary>True where nothing says how to pool.</summary>
    public bool IsBare { get; init; }

    /// <summary>Reads a folder.</summary>
    /// <exception cref="InvalidInputException">It is missing, or says something that we do not run.</exception>
    public static ModelFolder Read(string path)
    {
        if (!Directory.Exists(path)) throw new InvalidInputException($"{path}: no such folder");
        string named = System.IO.Path.Combine(path, "esimcse.json"), modules = System.IO.Path.Combine(path, "modules.json");
        if (File.Exists(named)) return Named(path, named);
        return File.Exists(modules) ? WithModules(path, modules) : Encoder(path, path) with { IsBare = true };
    }

    /// <summary>The most tokens that a sentence may have: the folder's own length, else the smaller of what the positions and the tokenizer (its model_max_length) allow.</summary>
    public int LengthLimit(int? modelMaxLength) => MaxLength is { } own
        ? Math.Min(own, Config.MaxPositions)
        : Math.Min(Config.MaxPositions, modelMaxLength ?? int.MaxValue);

    static ModelFolder Named(string path, string file)
    {
        JsonNode? name = JsonFile.ReadObject(file)["pooler"];
        if (Pooler.TryParse(Text(name), out Pooler? pooler)) return Encoder(path, path) with { Pooler = pooler };
        string expected = string.Join(", ", Pooler.All);
        throw new InvalidInputException(
            $"{file}: pooler: found {name?.ToJsonString() ?? "nothing"}, expected one of {expected}");
    }

    static ModelFolder Encoder(string path, string encoder)
    {
        string settings = System.IO.Path.Combine(encoder, "sentence_bert_config.json");
        JsonNode? length = File.Exists(settings) ? JsonFile.ReadObject(settings)["max_seq_length"] : null;
        return new ModelFolder
        {
            Path = path,
            EncoderPath = encoder,
            Config = BertConfig.Read(System.IO.Path.Combine(encoder, "config.json")),
            MaxLength = length is null ? null : length is JsonValue value && value.TryGetValue(out int most) && most >= 2 ? most
                : throw new InvalidInputException($"{settings}: max_seq_length: found {length.ToJsonString()}, expected a whole number of at least 2"),
        };
    }

    static ModelFolder WithModules(string path, string file)
    {
        ModelFolder? folder = null;
        foreach ((string type, string part) in Modules(file))
        {
            string place = System.IO.Path.Combine(path, part);
            folder = type switch
            {
                "Transformer" => Encoder(path, place),
                "Pooling" when folder is not null => folder with { Pooler = Pooling(System.IO.Path.Combine(place, "config.json")) },
                "Dense" when folder?.Pooler.WithHead is { } pooler => folder with { Pooler = pooler, Dense = Tanh(place) },
                "Normalize" when folder is not null => folder with { Normalize = true },
                _ => throw new InvalidInputException($"{file}: module {type}: expected Transformer, Pooling, Dense after [CLS] pooling, Normalize, in this order"),
            };
        }
        return folder ?? throw new InvalidInputException($"{file}: no modules");
    }

    static IEnumerable<(string Type, string Part)> Modules(string file)
    {
        foreach (JsonNode? module in JsonFile.Read(file) as JsonArray ?? throw new InvalidInputException($"{file}: expected a list of modules"))
        {
            string part = Text((module as JsonObject)?["path"]) ?? "";
            if (part.Contains("..", StringComparison.Ordinal) || System.IO.Path.IsPathRooted(part)) throw new InvalidInputException($"{file}: path '{part}' leaves the folder");
            yield return (Text((module as JsonObject)?["type"])?.Split('.')[^1] ?? "", part);
        }
    }

    static Pooler Pooling(string file)
    {
        JsonObject json = JsonFile.ReadObject(file);
        string[] modes = Text(json["pooling_mode"]) is { } mode ? [mode]
            : [.. json.Where(entry => entry.Key.StartsWith("pooling_mode_", StringComparison.Ordinal) && entry.Value is JsonValue value && value.TryGetValue(out bool on) && on)
                .Select(entry => entry.Key["pooling_mode_".Length..])];
        PoolingMode? found = PoolingMode.All.FirstOrDefault(known => modes is [var only] && (only == known.Name || only == known.Flag));
        if (found is not null && Pooler.All.FirstOrDefault(pooler => pooler.SentenceTransformersMode == found && !pooler.HasHead) is { } pooler)
            return pooler;
        IEnumerable<string> expected = Pooler.All.Select(pooler => pooler.SentenceTransformersMode?.Name).OfType<string>().Distinct();
        throw new InvalidInputException($"{file}: pooling: found {string.Join(" and ", modes)}, expected {string.Join(" or ", expected)}");
    }

    static string Tanh(string place)
    {
        string file = System.IO.Path.Combine(place, "config.json");
        string? activation = Text(JsonFile.ReadObject(file)["activation_function"])?.Split('.')[^1];
        return activation == "Tanh" ? place : throw new InvalidInputException($"{file}: activation_function: found {activation ?? "nothing"}, expected Tanh");
    }

    static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
