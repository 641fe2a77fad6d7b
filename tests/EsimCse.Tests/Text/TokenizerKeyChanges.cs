using System.Text.Json.Nodes;
using EsimCse.Core.Text.Normalizers;
using EsimCse.Core.Text.PreTokenizers;

namespace EsimCse.Tests.Text;

/// <summary>
/// For each honoured key of a tokenizer's files a change of its value: the file, a merge patch that the folder has
/// before and after, and the patch that changes the key.
/// </summary>
sealed class TokenizerKeyChanges
{
    public const string Json = "tokenizer.json";
    public const string Config = "tokenizer_config.json";
    public const string Map = "special_tokens_map.json";

    /// <summary>The tokenizer.json of a byte-level BPE, and the tokenizer_config.json of one without it.</summary>
    public const string BytePairs = "byte pairs", BytePairConfig = "byte pair config";

    const string NoPatch = "{}";
    const string KeepsSpaces = """{"pre_tokenizer": "null"}""";

    readonly Dictionary<(string List, string Key), (string File, string Start, string Change)> _rows = [];

    public TokenizerKeyChanges()
    {
        AddFile();
        AddAddedToken();
        AddNormalizers();
        AddPreTokenizers();
        AddTemplates();
        AddConfig();
        AddBytePairs();
    }

    public IReadOnlyDictionary<(string List, string Key), (string File, string Start, string Change)> Rows => _rows;

    void AddFile()
    {
        Add(Json, "added_tokens", """{"added_tokens": []}""");
        Add(Json, "normalizer", """{"normalizer": "null"}""");
        Add(Json, "pre_tokenizer", """{"pre_tokenizer": "null"}""");
        Add(Json, "post_processor", """{"post_processor": "null"}""");
        Add(Json, "model", """{"model": {"vocab": {"the": 80}}}""");
        Add(Json, "truncation", """{"truncation": {"direction": "Left"}}""");
        Add("truncation", "direction", """{"truncation": {"direction": "Left"}}""");
        Add("model", "type", """{"model": {"type": "WordLevel"}}""");
        Add("model", "unk_token", """{"model": {"unk_token": "[MASK]"}}""");
        Add("model", "continuing_subword_prefix", """{"model": {"continuing_subword_prefix": "@"}}""");
        Add("model", "max_input_chars_per_word", """{"model": {"max_input_chars_per_word": 3}}""");
        Add("model", "vocab", """{"model": {"vocab": {"the": null}}}""");
    }

    void AddAddedToken()
    {
        const string letter = """{"content": "a", "id": 15}""";
        Token("id", "91", NoPatch);
        Token("content", "\"cats\"", NoPatch);
        Token("single_word", "true", letter);
        Token("lstrip", "true", letter);
        Token("rstrip", "true", letter);
        Token("normalized", "false", NoPatch);
        Token("special", "true", """{"normalized": null}""");

        void Token(string key, string value, string start)
        {
            JsonNode token = TokenizerFolder.Added(90, "Foo", special: false);
            JsonNode before = TokenizerFolder.Merge(token, JsonNode.Parse(start))!;
            JsonNode after = TokenizerFolder.Merge(before.DeepClone(), JsonNode.Parse($$"""{"{{key}}": {{value}}}"""))!;
            JsonNode shared = JsonNode.Parse("""{"normalizer": {"lowercase": true}}""")!;
            if (start == letter) shared = JsonNode.Parse("""{"normalizer": "null", "pre_tokenizer": "null"}""")!;
            shared["added_tokens"] = new JsonArray(before);
            Add("added token", key, $$"""{"added_tokens": [{{after.ToJsonString()}}]}""", shared.ToJsonString());
        }
    }

    void AddNormalizers()
    {
        const string kind = "normalizer";
        const string letter = """{"pattern": {"String": "a"}, "content": "x"}""";
        const string expression = """{"pattern": {"Regex": "a+"}, "content": "x"}""";
        const string noParts = """{"normalizers": []}""";
        foreach (string key in new[] { "clean_text", "handle_chinese_chars", "strip_accents", "lowercase" })
            Component(kind, "BertNormalizer", key, "false");
        foreach ((string type, _) in Normalizer.KnownKeys)
            Component(kind, type, "type", "\"?\"", Settings(type, letter, noParts));
        Component(kind, "Strip", "strip_left", "false", around: KeepsSpaces);
        Component(kind, "Strip", "strip_right", "false", around: KeepsSpaces);
        Component(kind, "Replace", "pattern", """{"String": "b"}""", letter);
        Component(kind, "Replace", "content", "\"b\"", letter);
        Component(kind, "Sequence", "normalizers", """[{"type": "Lowercase"}]""", noParts);
        Component(kind, "Replace", "String", """{"String": "b"}""", letter, list: "pattern", outer: "pattern");
        Component(kind, "Replace", "Regex", """{"Regex": "b+"}""", expression, list: "pattern", outer: "pattern");
    }

    void AddPreTokenizers()
    {
        const string kind = "pre-tokenizer";
        const string noParts = """{"pretokenizers": []}""";
        foreach ((string type, _) in PreTokenizer.KnownKeys.Where(keys => keys.Type != "ByteLevel"))
            Component(kind, type, "type", "\"?\"", Settings(type, NoPatch, noParts));
        Component(kind, "Punctuation", "behavior", "\"Removed\"");
        Component(kind, "Digits", "individual_digits", "true", around: """{"normalizer": "null"}""");
        Component(kind, "Sequence", "pretokenizers", """[{"type": "Whitespace"}]""", noParts);
    }

    void AddTemplates()
    {
        const string kind = "post-processor";
        const string pair = """{"cls": ["[CLS]", 2], "sep": ["[SEP]", 3]}""";
        const string mask = """["[MASK]", 4]""";
        foreach (string type in new[] { "BertProcessing", "RobertaProcessing" })
        {
            Component(kind, type, "type", "\"?\"", pair);
            Component(kind, type, "cls", mask, pair);
            Component(kind, type, "sep", mask, pair);
        }
        Template("TemplateProcessing", "type", """{"type": "?"}""");
        Template("TemplateProcessing", "single", """{"single": [{"Sequence": {"id": "A"}}]}""");
        Template("TemplateProcessing", "special_tokens", """{"special_tokens": {"[SEP]": {"ids": [4]}}}""");
        Template("piece", "SpecialToken", """{"single": [{"Sequence": {"id": "A"}}]}""");
        Template("piece", "Sequence", """{"single": [{"SpecialToken": {"id": "[CLS]"}}]}""");
        Template("part", "id", """{"single": [{"Sequence": {"id": "B"}}]}""");
        Template("special token", "ids", """{"special_tokens": {"[SEP]": {"ids": [4]}}}""");
        Template("special token", "tokens", """{"special_tokens": {"[SEP]": {"tokens": ["a", "b"]}}}""");

        void Template(string list, string key, string change) =>
            Add($"{kind} {list}", key, $$"""{"post_processor": {{change}}}""");
    }

    void AddConfig()
    {
        foreach (string file in new[] { Config, Map })
        {
            foreach (string key in new[] { "unk_token", "sep_token", "cls_token", "mask_token" })
                Change(file, key, "\"the\"");
            foreach (string key in new[] { "bos_token", "eos_token", "pad_token" }) Change(file, key, "\"[X1]\"");
            Change(file, "additional_special_tokens", "[\"[X1]\"]");
            Change(file, "extra_special_tokens", """{"name": "[X1]"}""");
        }
        Change(Config, "do_lower_case", "false");
        Change(Config, "strip_accents", "false");
        Change(Config, "tokenize_chinese_chars", "false");
        Change(Config, "tokenizer_class", "\"T5Tokenizer\"");
        Change(Config, "model_max_length", "77");
        Change(Config, "max_len", "77");
        Change(Config, "truncation_side", "\"left\"");
        Change(Config, "added_tokens_decoder", """{"90": {"content": "[X1]"}}""");

        void Change(string file, string key, string value) =>
            _rows.Add((file, key), (file, NoPatch, $$"""{"{{key}}": {{value}}}"""));
    }

    void AddBytePairs()
    {
        Model("type", "\"WordPiece\"");
        Model("vocab", """{"the": null}""");
        Model("merges", """["t h"]""");
        Model("unk_token", "\"<pad>\"");
        Model("ignore_merges", "true");
        PreTokenizer("type", "\"Whitespace\"");
        PreTokenizer("add_prefix_space", "true");
        PreTokenizer("use_regex", "false");
        _rows.Add((Config, "add_prefix_space"), (BytePairConfig, NoPatch, """{"add_prefix_space": true}"""));

        void Model(string key, string value) => Row(BytePairs, "model", key, value);

        void PreTokenizer(string key, string value) => Row("pre-tokenizer ByteLevel", "pre_tokenizer", key, value);

        void Row(string list, string component, string key, string value) =>
            _rows.Add((list, key), (BytePairs, NoPatch, $$"""{"{{component}}": {"{{key}}": {{value}} } }"""));
    }

    void Add(string list, string key, string change, string start = NoPatch) =>
        _rows.Add((list, key), (Json, start, change));

    /// <summary>Adds a row for a component of another type than the usual one, with its settings.</summary>
    void Component(
        string kind,
        string type,
        string key,
        string value,
        string settings = NoPatch,
        string around = NoPatch,
        string? list = null,
        string? outer = null)
    {
        string name = kind.Replace('-', '_');
        JsonNode component = TokenizerFolder.Merge(WithoutSettings(name), JsonNode.Parse(settings))!;
        component["type"] = type;
        JsonNode shared = JsonNode.Parse(around)!;
        shared[name] = component;
        string change = $$"""{"{{outer ?? key}}": {{value}}}""";
        Add(list ?? $"{kind} {type}", key, $$"""{"{{name}}": {{change}} }""", shared.ToJsonString());
    }

    /// <summary>Returns a patch that removes the settings of the usual component.</summary>
    static JsonObject WithoutSettings(string component)
    {
        JsonObject removed = [];
        foreach ((string key, _) in TokenizerFolder.Json()[component]!.AsObject()) removed[key] = null;
        return removed;
    }

    static string Settings(string type, string replace, string sequence) => type switch
    {
        "Replace" => replace,
        "Sequence" => sequence,
        _ => NoPatch,
    };
}
