using System.Text.Json;
using EsimCse.Core.Files;

namespace EsimCse.Core.Text;

/// <summary>
/// The settings that a tokenizer has in tokenizer_config.json, special_tokens_map.json and added_tokens.json. As in
/// Hugging Face's library, the last two count where tokenizer_config.json has no added_tokens_decoder.
/// </summary>
sealed class TokenizerConfig
{
    /// <summary>
    /// Classes that are BERT's tokenizer, also under another name, or RoBERTa's, or what tokenizer.json says.
    /// </summary>
    static readonly string[] Classes =
    [
        "BertTokenizer", "PreTrainedTokenizer", "TokenizersBackend", "DistilBertTokenizer", "ElectraTokenizer",
        "MobileBertTokenizer", "SqueezeBertTokenizer", "ConvBertTokenizer", "RobertaTokenizer",
    ];

    static readonly string[] SpecialTokenKeys =
        ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    static readonly string[] SpecialTokenListKeys = ["additional_special_tokens", "extra_special_tokens"];

    /// <summary>The keys of tokenizer_config.json.</summary>
    public static readonly SettingKeys Keys = new()
    {
        Honoured =
        [
            "do_lower_case", "strip_accents", "tokenize_chinese_chars", "tokenizer_class", "model_max_length",
            "max_len", "truncation_side", "added_tokens_decoder", "add_prefix_space", .. SpecialTokenKeys,
            .. SpecialTokenListKeys,
        ],
        Harmless =
        [
            "auto_map", "backend", "chat_template", "clean_up_tokenization_spaces", "errors",
            "from_slow", "full_tokenizer_file", "is_local", "legacy", "local_files_only", "max_length",
            "model_input_names", "name_or_path", "pad_to_multiple_of", "pad_token_type_id", "padding_side",
            "processor_class", "special_tokens_map_file", "stride", "tokenizer_file", "trim_offsets",
            "truncation_strategy", "use_fast", "vocab_file",
        ],
        Refused = new Dictionary<string, string[]>
        {
            ["add_bos_token"] = ["false"],
            ["add_eos_token"] = ["false"],
            ["add_special_tokens"] = ["true"],
            ["do_basic_tokenize"] = ["true"],
            ["do_subword_tokenize"] = ["true"],
            ["do_word_tokenize"] = ["true"],
            ["jumanpp_kwargs"] = [],
            ["mecab_kwargs"] = [],
            ["never_split"] = ["[]"],
            ["normalization"] = ["false"],
            ["split_special_tokens"] = ["false"],
            ["subword_tokenizer_type"] = ["\"wordpiece\""],
            ["sudachi_kwargs"] = [],
            ["word_tokenizer_type"] = ["\"basic\""],
            ["wordpieces_prefix"] = ["\"##\""],
        },
    };

    /// <summary>The keys of special_tokens_map.json.</summary>
    public static readonly SettingKeys MapKeys = new() { Honoured = [.. SpecialTokenKeys, .. SpecialTokenListKeys] };

    static readonly SettingKeys ClassKeys = new() { Honoured = ["tokenizer_class"] };

    readonly JsonSettings? _config;
    readonly List<AddedToken> _stated = [];
    readonly List<string> _remarks = [];

    TokenizerConfig(string folder)
    {
        // The class comes first: the settings of another class say less than its name.
        JsonSettings? config = JsonSettings.ReadOptional(Path.Combine(folder, "tokenizer_config.json"), ClassKeys);
        if (config is not null) CheckClass(config);
        _config = config?.WithKeys(Keys);
        JsonSettings? map = JsonSettings.ReadOptional(Path.Combine(folder, "special_tokens_map.json"), MapKeys);
        bool isLegacy = _config?.Contains("added_tokens_decoder") != true;
        ReadSpecialTokens(_config);
        if (isLegacy) ReadSpecialTokens(map);
        if (isLegacy) ReadAddedTokens(Path.Combine(folder, "added_tokens.json"));
        else ReadDecoder();
    }

    /// <summary>do_lower_case; null where it is not stated.</summary>
    public bool? Lowercase => _config?.Flag("do_lower_case");

    /// <summary>strip_accents; null where it is not stated.</summary>
    public bool? StripAccents => _config?.Flag("strip_accents");

    /// <summary>tokenize_chinese_chars; null where it is not stated.</summary>
    public bool? TokenizeChineseChars => _config?.Flag("tokenize_chinese_chars");

    /// <summary>add_prefix_space; null where it is not stated.</summary>
    public bool? AddPrefixSpace => _config?.Flag("add_prefix_space");

    /// <summary>Whether texts that are too long lose their beginning; null where it is not stated.</summary>
    public bool? TruncatesLeft => ReadSide(_config, "truncation_side", "left", "right");

    /// <summary>model_max_length; null where it is missing or no usable length.</summary>
    public int? ModelMaxLength => ReadMaxLength("model_max_length") ?? ReadMaxLength("max_len");

    /// <summary>Special tokens by their key, such as "cls_token".</summary>
    public Dictionary<string, AddedToken> SpecialTokens { get; } = [];

    /// <summary>Special tokens without a key of their own.</summary>
    public List<AddedToken> MoreSpecialTokens { get; } = [];

    /// <summary>Tokens that a file states with their ids.</summary>
    public IReadOnlyList<AddedToken> StatedTokens => _stated;

    /// <summary>Remarks on files that disagree, one line each.</summary>
    public IReadOnlyList<string> Remarks => _remarks;

    /// <summary>Reads the files of a folder, each of which may be missing.</summary>
    /// <exception cref="InvalidInputException">A file is not valid, or states a setting that is not done.</exception>
    public static TokenizerConfig Read(string folder) => new(folder);

    /// <summary>Adds a remark where this file and tokenizer.json, which is followed, disagree.</summary>
    public void Compare(string key, bool? stated, bool? followed) => CompareJson(key, Json(stated), Json(followed));

    /// <inheritdoc cref="Compare(string, bool?, bool?)"/>
    public void Compare(string key, string? stated, string? followed) =>
        CompareJson(key, Json(stated), Json(followed));

    void CompareJson(string key, string? stated, string? followed)
    {
        if (stated is null || stated == followed) return;
        string values = $"found {stated}, tokenizer.json has {followed ?? "nothing"}";
        string file = SpecialTokens.TryGetValue(key, out AddedToken? token) ? token.File : _config!.File;
        _remarks.Add($"{file}: {key}: {values}: tokenizer.json is followed");
    }

    static string? Json(bool? value) => value is null ? null : value.Value ? "true" : "false";

    static string? Json(string? text) => text is null ? null : $"\"{JsonEncodedText.Encode(text)}\"";

    /// <summary>Returns whether a key of a side is left; null where it is not stated.</summary>
    public static bool? ReadSide(JsonSettings? json, string key, string left, string right)
    {
        string? side = json?.Text(key);
        if (side is null) return null;
        if (side == left || side == right) return side == left;
        throw json!.Wrong(key, $"\"{left}\" or \"{right}\"");
    }

    int? ReadMaxLength(string key)
    {
        if (_config?.Find(key) is not { ValueKind: JsonValueKind.Number } value) return null;
        double length = value.TryGetDouble(out double found) ? found : 0;
        return length is >= 2 and <= int.MaxValue ? (int)length : null;
    }

    static void CheckClass(JsonSettings config)
    {
        if (config.Text("tokenizer_class") is not { } name) return;
        string plain = name.EndsWith("Fast", StringComparison.Ordinal) ? name[..^"Fast".Length] : name;
        if (!Classes.Contains(plain)) throw config.Wrong("tokenizer_class", $"one of {string.Join(", ", Classes)}");
    }

    void ReadSpecialTokens(JsonSettings? json)
    {
        if (json is null) return;
        foreach (string key in SpecialTokenKeys)
            if (ReadToken(json, key) is { } token)
            {
                if (SpecialTokens.TryGetValue(key, out AddedToken? known) && known.Content != token.Content)
                    _remarks.Add($"{known.File}: {key}: found \"{known.Content}\", {Path.GetFileName(token.File)} "
                        + $"has \"{token.Content}\", which is followed");
                SpecialTokens[key] = token;
            }
        foreach (string key in SpecialTokenListKeys) ReadList(json, key);
    }

    void ReadList(JsonSettings json, string key)
    {
        if (json.Find(key) is not { } tokens) return;
        MoreSpecialTokens.AddRange(Values().Select(value => FromValue(json, key, value)));

        IEnumerable<JsonElement> Values() => tokens.ValueKind switch
        {
            JsonValueKind.Array => tokens.EnumerateArray(),
            JsonValueKind.Object => tokens.EnumerateObject().Select(token => token.Value),
            _ => throw json.Wrong(key, "a list of tokens"),
        };
    }

    static AddedToken? ReadToken(JsonSettings json, string key) =>
        json.Find(key) is { } value ? FromValue(json, key, value) : null;

    /// <summary>Reads a special token that is written as a string, or as an object with flags.</summary>
    static AddedToken FromValue(JsonSettings json, string key, JsonElement value)
    {
        if (JsonFile.Text(value) is { } content)
            return new AddedToken { File = json.File, Content = content, Special = true, HasDefaultFlags = true };
        if (value.ValueKind != JsonValueKind.Object) throw json.Wrong(key, "a token");
        return AddedToken.Read(json.Nested(key, value, AddedToken.Keys), special: true);
    }

    void ReadDecoder()
    {
        JsonSettings decoder = _config!.Object("added_tokens_decoder", SettingKeys.Map)!;
        foreach (string id in decoder.Names)
        {
            JsonSettings token = decoder.Object(id, AddedToken.Keys) ?? throw decoder.Wrong(id, "a token");
            if (!int.TryParse(id, out int number) || number < 0) throw decoder.Wrong(id, "an id as key");
            _stated.Add(AddedToken.Read(token, special: false) with { Id = number });
        }
    }

    void ReadAddedTokens(string file)
    {
        if (JsonSettings.ReadOptional(file, SettingKeys.Map) is not { } ids) return;
        string[] special = [.. SpecialTokens.Values.Concat(MoreSpecialTokens).Select(token => token.Content)];
        foreach (string content in ids.Names)
        {
            bool isSpecial = special.Contains(content);
            _stated.Add(new AddedToken
            {
                File = file,
                Content = content,
                Id = ids.Integer(content, 0) ?? throw ids.Wrong(content, "an id"),
                Normalized = !isSpecial,
                Special = isSpecial,
            });
        }
    }
}
