using System.Text.Json;
using EsimCse.Core.Files;

namespace EsimCse.Core.Text;

/// <summary>
/// The special tokens around a sentence, as the post-processors of Hugging Face's tokenizers state them.
/// </summary>
/// <param name="Prefix">Special tokens before the sentence, spelled and as ids.</param>
/// <param name="Suffix">Special tokens after the sentence, spelled and as ids.</param>
sealed record SentenceTemplate(
    IReadOnlyList<(string Token, int Id)> Prefix, IReadOnlyList<(string Token, int Id)> Suffix)
{
    static readonly SettingKeys BertKeys = new()
    {
        Honoured = ["type", "cls", "sep"],
        IsClosed = true,
    };

    static readonly SettingKeys RobertaKeys = BertKeys with
    {
        Harmless = ["trim_offsets", "add_prefix_space"],
    };

    static readonly SettingKeys TemplateKeys = new()
    {
        Honoured = ["type", "single", "special_tokens"],
        Harmless = ["pair"],
        IsClosed = true,
    };

    static readonly SettingKeys PieceKeys = new() { Honoured = ["SpecialToken", "Sequence"], IsClosed = true };

    // The encoder embeds token type 0 only.
    static readonly SettingKeys PartKeys = new()
    {
        Honoured = ["id"],
        Refused = new Dictionary<string, string[]> { ["type_id"] = ["0"] },
        IsClosed = true,
    };

    static readonly SettingKeys TokenKeys = new()
    {
        Honoured = ["ids", "tokens"],
        Harmless = ["id"],
        IsClosed = true,
    };

    static readonly Dictionary<string, (SettingKeys Keys, Func<JsonSettings, SentenceTemplate> Read)> Types = new()
    {
        ["TemplateProcessing"] = (TemplateKeys, ReadTemplate),
        ["BertProcessing"] = (BertKeys, ReadPair),
        ["RobertaProcessing"] = (RobertaKeys, ReadPair),
    };

    /// <summary>The post-processor that adds nothing.</summary>
    public static SentenceTemplate None { get; } = new([], []);

    /// <summary>The lists of keys by type or object, which the tests enumerate.</summary>
    public static IEnumerable<(string Type, SettingKeys Keys)> KnownKeys =>
    [
        .. Types.Select(type => (type.Key, type.Value.Keys)),
        ("piece", PieceKeys),
        ("part", PartKeys),
        ("special token", TokenKeys),
    ];

    /// <summary>Reads a post-processor by its type; <see cref="None"/> where there is none.</summary>
    /// <exception cref="InvalidInputException">The type, or one of its settings, is not supported.</exception>
    public static SentenceTemplate Read(JsonSettings parent, string key) =>
        Components.Read(parent, key, Types) ?? None;

    static SentenceTemplate ReadPair(JsonSettings json) => new([ReadToken(json, "cls")], [ReadToken(json, "sep")]);

    static (string Token, int Id) ReadToken(JsonSettings json, string key)
    {
        const string expected = "a token and its id";
        JsonElement[] pair = json.List(key, expected)?.ToArray() ?? [];
        bool isToken = pair.Length == 2 && JsonFile.Text(pair[0]) is not null && JsonFile.Id(pair[1]) is not null;
        return isToken ? (JsonFile.Text(pair[0])!, JsonFile.Id(pair[1])!.Value) : throw json.Wrong(key, expected);
    }

    static SentenceTemplate ReadTemplate(JsonSettings json)
    {
        JsonSettings specialTokens = json.Object("special_tokens", SettingKeys.Map)
            ?? throw json.Wrong("special_tokens", "an object");
        List<(string, int)> prefix = [], suffix = [];
        bool hasSequence = false;
        if (!json.Contains("single")) throw json.Wrong("single", "a list of pieces");
        foreach (JsonSettings piece in json.Objects("single", PieceKeys))
        {
            if (piece.Object("SpecialToken", PartKeys) is { } special)
            {
                string name = special.Text("id") ?? throw special.Wrong("id", "a token");
                (hasSequence ? suffix : prefix).AddRange(ReadTokens(specialTokens, name));
                continue;
            }
            JsonSettings sequence = piece.Object("Sequence", PartKeys)
                ?? throw json.Wrong("single", "pieces that are a SpecialToken or a Sequence");
            if (hasSequence || sequence.Text("id") != "A") throw sequence.Wrong("id", "the sequence A, once");
            hasSequence = true;
        }
        return hasSequence ? new(prefix, suffix) : throw json.Wrong("single", "the sequence A, once");
    }

    static IEnumerable<(string Token, int Id)> ReadTokens(JsonSettings specialTokens, string name)
    {
        JsonSettings token = specialTokens.Object(name, TokenKeys) ?? throw specialTokens.Wrong(name, "its ids");
        string[] tokens = token.Texts("tokens") ?? throw token.Wrong("tokens", "a list of strings");
        int[] ids = token.Ids("ids") ?? throw token.Wrong("ids", "a list of ids");
        if (ids.Length != tokens.Length) throw token.Wrong("ids", $"{tokens.Length} ids, one for each token");
        return tokens.Zip(ids);
    }
}
