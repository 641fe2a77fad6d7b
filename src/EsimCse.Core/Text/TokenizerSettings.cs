using System.Text.Json.Nodes;
using EsimCse.Core.Files;

namespace EsimCse.Core.Text;

/// <summary>
/// Vocabulary, flags and special tokens of a tokenizer's files. Nothing is guessed from a model's name.
/// </summary>
sealed record TokenizerSettings
{
    const string DefaultUnknownToken = "[UNK]";

    /// <summary>
    /// BERT's special tokens, without the one for unknown words, which a tokenizer may name differently.
    /// </summary>
    public static readonly string[] SpecialTokens = ["[CLS]", "[SEP]", "[PAD]", "[MASK]"];

    public required IReadOnlyDictionary<string, int> Vocabulary { get; init; }

    public bool CleanText { get; init; } = true;

    public bool TokenizeChineseChars { get; init; } = true;

    public bool Lowercase { get; init; } = true;

    public bool StripAccents { get; init; } = true;

    public string UnknownToken { get; init; } = DefaultUnknownToken;

    public string ContinuingSubwordPrefix { get; init; } = "##";

    public int MaxInputCharsPerWord { get; init; } = 100;

    /// <summary>Tokens that are found in the text before it is normalized.</summary>
    public required IReadOnlyDictionary<string, int> AddedTokens { get; init; }

    public int? ModelMaxLength { get; init; }

    /// <summary>Reads tokenizer.json, or else vocab.txt; tokenizer_config.json is optional.</summary>
    public static TokenizerSettings Read(string folder)
    {
        string tokenizerPath = Path.Combine(folder, "tokenizer.json");
        string vocabularyPath = Path.Combine(folder, "vocab.txt");
        string configPath = Path.Combine(folder, "tokenizer_config.json");
        JsonObject? config = File.Exists(configPath) ? JsonFile.ReadObject(configPath) : null;
        TokenizerSettings settings;
        if (File.Exists(tokenizerPath)) settings = FromTokenizerJson(tokenizerPath);
        else if (File.Exists(vocabularyPath)) settings = FromVocabulary(vocabularyPath, config, configPath);
        else throw new InvalidInputException($"{folder}: no tokenizer: found neither tokenizer.json nor vocab.txt");
        return settings with { ModelMaxLength = ReadMaxLength(config) };
    }

    static int? ReadMaxLength(JsonObject? config)
    {
        if (config?["model_max_length"] is not JsonValue value || !value.TryGetValue(out double length)) return null;
        return length is >= 2 and <= int.MaxValue ? (int)length : null;
    }

    static TokenizerSettings FromVocabulary(string path, JsonObject? config, string configPath)
    {
        Dictionary<string, int> vocabulary = new(StringComparer.Ordinal);
        string[] lines = [.. SentenceFile.ReadLines(path)];
        for (int id = 0; id < lines.Length; id++) vocabulary[lines[id]] = id;
        bool lowercase = ReadFlag(config, "do_lower_case", configPath) ?? true;
        string unknown = ReadToken(config?["unk_token"]) ?? DefaultUnknownToken;
        Dictionary<string, int> added = new(StringComparer.Ordinal);
        foreach (string token in (string[])[unknown, .. SpecialTokens])
        {
            bool found = vocabulary.TryGetValue(token, out int id);
            added[token] = found ? id : throw new InvalidInputException($"{path}: no line '{token}'");
        }
        return new TokenizerSettings
        {
            Vocabulary = vocabulary,
            AddedTokens = added,
            UnknownToken = unknown,
            Lowercase = lowercase,
            StripAccents = ReadFlag(config, "strip_accents", configPath) ?? lowercase,
            TokenizeChineseChars = ReadFlag(config, "tokenize_chinese_chars", configPath) ?? true,
        };
    }

    static TokenizerSettings FromTokenizerJson(string path)
    {
        JsonObject json = JsonFile.ReadObject(path);
        JsonObject model = RequireWordPiece(json["model"], path);
        JsonObject normalizer = RequireBertNormalizer(json["normalizer"], path);
        Dictionary<string, int> vocabulary = new(StringComparer.Ordinal);
        Dictionary<string, int> added = new(StringComparer.Ordinal);
        foreach ((string token, JsonNode? id) in (JsonObject)model["vocab"]!)
            vocabulary[token] = ReadId(id, token, path);
        foreach (JsonNode? token in json["added_tokens"] as JsonArray ?? [])
            if (ReadToken(token) is { Length: > 0 } content)
                added[content] = ReadId((token as JsonObject)?["id"], content, path);
        bool lowercase = ReadFlag(normalizer, "lowercase", path) ?? true;
        return new TokenizerSettings
        {
            Vocabulary = vocabulary,
            AddedTokens = added,
            UnknownToken = ReadToken(model["unk_token"]) ?? DefaultUnknownToken,
            ContinuingSubwordPrefix = ReadToken(model["continuing_subword_prefix"]) ?? "##",
            MaxInputCharsPerWord = ReadMaxInputChars(model, path),
            CleanText = ReadFlag(normalizer, "clean_text", path) ?? true,
            TokenizeChineseChars = ReadFlag(normalizer, "handle_chinese_chars", path) ?? true,
            Lowercase = lowercase,
            StripAccents = ReadFlag(normalizer, "strip_accents", path) ?? lowercase,
        };
    }

    static JsonObject RequireWordPiece(JsonNode? node, string path)
    {
        string type = "none";
        if (node is JsonObject model)
        {
            type = ReadToken(model["type"]) ?? (model["merges"] is null ? "WordPiece" : "BPE");
            if (type == "WordPiece" && model["vocab"] is JsonObject) return model;
        }
        string remark = type == "BPE" ? ": RoBERTa's tokenizer is not supported yet" : "";
        throw new InvalidInputException(
            $"{path}: model: found {type}, expected WordPiece with an object vocab{remark}");
    }

    static JsonObject RequireBertNormalizer(JsonNode? node, string path)
    {
        JsonObject? normalizer = node as JsonObject;
        if (normalizer is not null && ReadToken(normalizer["type"]) == "BertNormalizer") return normalizer;
        string type = normalizer?["type"]?.ToJsonString() ?? "none";
        throw new InvalidInputException($"{path}: normalizer: found {type}, expected BertNormalizer");
    }

    static int ReadMaxInputChars(JsonObject model, string path)
    {
        const string key = "max_input_chars_per_word";
        JsonNode? node = model[key];
        if (node is null) return 100;
        if (node is JsonValue value && value.TryGetValue(out int limit) && limit >= 0) return limit;
        throw new InvalidInputException(
            $"{path}: {key}: found {node.ToJsonString()}, expected a whole number of at least 0");
    }

    static int ReadId(JsonNode? node, string token, string path)
    {
        if (node is JsonValue value && value.TryGetValue(out int id) && id is >= 0 and < 100_000_000) return id;
        string found = node?.ToJsonString() ?? "nothing";
        throw new InvalidInputException($"{path}: '{token}': found id {found}, expected a whole number");
    }

    static bool? ReadFlag(JsonObject? json, string name, string path) => json?[name] switch
    {
        null => null,
        JsonValue value when value.TryGetValue(out bool flag) => flag,
        JsonNode other => throw new InvalidInputException(
            $"{path}: {name}: found {other.ToJsonString()}, expected true or false"),
    };

    /// <summary>Returns a token that is given as a string, or as an object with the string as its content.</summary>
    static string? ReadToken(JsonNode? node) =>
        node is JsonObject token ? ReadToken(token["content"]) : JsonFile.Text(node);
}
