using System.Text.Json.Nodes;
using EsimCse.Core.Files;

namespace EsimCse.Core.Text;

/// <summary>What a tokenizer's files say: pieces, flags, special tokens. Never guessed from a model's name.</summary>
sealed record TokenizerSettings
{
    /// <summary>BERT's special pieces, but for the one that stands for unknown words, which a model may call otherwise.</summary>
    public static readonly string[] Specials = ["[CLS]", "[SEP]", "[PAD]", "[MASK]"];

    public required IReadOnlyDictionary<string, int> Pieces { get; init; }

    public bool CleanText { get; init; } = true;

    public bool TokenizeChineseChars { get; init; } = true;

    public bool Lowercase { get; init; } = true;

    public bool StripAccents { get; init; } = true;

    public string Unknown { get; init; } = "[UNK]";

    public string ContinuingSubwordPrefix { get; init; } = "##";

    public int MaxInputCharsPerWord { get; init; } = 100;

    /// <summary>Tokens that are found in the text before anything else happens to it.</summary>
    public required IReadOnlyDictionary<string, int> AddedTokens { get; init; }

    public int? ModelMaxLength { get; init; }

    /// <summary>tokenizer.json, or vocab.txt with tokenizer_config.json, or vocab.txt with Hugging Face's defaults.</summary>
    public static TokenizerSettings Read(string folder)
    {
        string json = Path.Combine(folder, "tokenizer.json"), vocabulary = Path.Combine(folder, "vocab.txt"), config = Path.Combine(folder, "tokenizer_config.json");
        JsonObject? settings = File.Exists(config) ? JsonFile.ReadObject(config) : null;
        TokenizerSettings read = File.Exists(json) ? FromTokenizerJson(json)
            : File.Exists(vocabulary) ? FromVocabulary(vocabulary, settings, config)
            : throw new InvalidInputException($"{folder}: no tokenizer: found neither tokenizer.json nor vocab.txt");
        return read with { ModelMaxLength = Length(settings) };
    }

    static int? Length(JsonObject? settings) =>
        settings?["model_max_length"] is JsonValue value && value.TryGetValue(out double length) && length is >= 2 and <= int.MaxValue ? (int)length : null;

    static TokenizerSettings FromVocabulary(string path, JsonObject? config, string configPath)
    {
        Dictionary<string, int> pieces = new(StringComparer.Ordinal);
        string[] lines = SentenceFile.ReadLines(path).ToArray();
        for (int id = 0; id < lines.Length; id++) pieces[lines[id]] = id;
        bool lowercase = Flag(config, "do_lower_case", configPath) ?? true;
        string unknown = Token(config?["unk_token"]) ?? "[UNK]";
        Dictionary<string, int> added = new(StringComparer.Ordinal);
        foreach (string token in (string[])[unknown, .. Specials])
            added[token] = pieces.TryGetValue(token, out int id) ? id : throw new InvalidInputException($"{path}: no line '{token}'");
        return new TokenizerSettings
        {
            Pieces = pieces,
            AddedTokens = added,
            Unknown = unknown,
            Lowercase = lowercase,
            StripAccents = Flag(config, "strip_accents", configPath) ?? lowercase,
            TokenizeChineseChars = Flag(config, "tokenize_chinese_chars", configPath) ?? true,
        };
    }

    static TokenizerSettings FromTokenizerJson(string path)
    {
        JsonObject json = JsonFile.ReadObject(path);
        JsonObject? model = json["model"] as JsonObject;
        string kind = model is null ? "none" : Token(model["type"]) ?? (model["merges"] is null ? "WordPiece" : "BPE");
        if (kind != "WordPiece" || model?["vocab"] is not JsonObject vocabulary)
            throw new InvalidInputException($"{path}: model: found {kind}, expected WordPiece with an object vocab{(kind == "BPE" ? ": RoBERTa's tokenizer is not supported yet" : "")}");
        if (json["normalizer"] is not JsonObject normalizer || Token(normalizer["type"]) != "BertNormalizer")
            throw new InvalidInputException($"{path}: normalizer: found {(json["normalizer"] as JsonObject)?["type"]?.ToJsonString() ?? "none"}, expected BertNormalizer");
        Dictionary<string, int> pieces = new(StringComparer.Ordinal), added = new(StringComparer.Ordinal);
        foreach ((string piece, JsonNode? id) in vocabulary) pieces[piece] = Id(id, piece);
        foreach (JsonNode? token in json["added_tokens"] as JsonArray ?? [])
            if (Token(token) is { Length: > 0 } content) added[content] = Id((token as JsonObject)?["id"], content);
        if (!(model["max_input_chars_per_word"] is null || model["max_input_chars_per_word"] is JsonValue limit && limit.TryGetValue(out int most) && most >= 0))
            throw new InvalidInputException($"{path}: max_input_chars_per_word: found {model["max_input_chars_per_word"]!.ToJsonString()}, expected a whole number of at least 0");
        bool lowercase = Flag(normalizer, "lowercase", path) ?? true;
        return new TokenizerSettings
        {
            Pieces = pieces,
            AddedTokens = added,
            Unknown = Token(model["unk_token"]) ?? "[UNK]",
            ContinuingSubwordPrefix = Token(model["continuing_subword_prefix"]) ?? "##",
            MaxInputCharsPerWord = model["max_input_chars_per_word"] is JsonValue value && value.TryGetValue(out int longest) ? longest : 100,
            CleanText = Flag(normalizer, "clean_text", path) ?? true,
            TokenizeChineseChars = Flag(normalizer, "handle_chinese_chars", path) ?? true,
            Lowercase = lowercase,
            StripAccents = Flag(normalizer, "strip_accents", path) ?? lowercase,
        };

        int Id(JsonNode? node, string piece) => node is JsonValue value && value.TryGetValue(out int id) && id is >= 0 and < 100_000_000 ? id
            : throw new InvalidInputException($"{path}: '{piece}': found id {node?.ToJsonString() ?? "nothing"}, expected a whole number");
    }

    static bool? Flag(JsonObject? json, string name, string path) => json?[name] switch
    {
        null => null,
        JsonValue value when value.TryGetValue(out bool flag) => flag,
        JsonNode other => throw new InvalidInputException($"{path}: {name}: found {other.ToJsonString()}, expected true or false"),
    };

    static string? Token(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text
        : node is JsonObject token ? Token(token["content"]) : null;
}
