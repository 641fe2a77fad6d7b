using EsimCse.Core.Files;
using EsimCse.Core.Text.Normalizers;
using EsimCse.Core.Text.PreTokenizers;

namespace EsimCse.Core.Text;

/// <summary>Reads tokenizer.json, in the format of Hugging Face's tokenizers.</summary>
static class TokenizerJsonReader
{
    /// <summary>The keys of the file.</summary>
    public static readonly SettingKeys Keys = new()
    {
        Honoured = ["added_tokens", "normalizer", "pre_tokenizer", "post_processor", "model", "truncation"],
        Harmless = ["padding", "decoder"],
        Refused = new Dictionary<string, string[]> { ["version"] = ["\"1.0\""] },
        IsClosed = true,
    };

    /// <summary>The keys of a WordPiece model.</summary>
    public static readonly SettingKeys ModelKeys = new()
    {
        Honoured = ["type", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab"],
        IsClosed = true,
    };

    /// <summary>The keys of the truncation, which applies to other programs' lengths.</summary>
    public static readonly SettingKeys TruncationKeys = new()
    {
        Honoured = ["direction"],
        Harmless = ["max_length", "strategy", "stride"],
        IsClosed = true,
    };

    static readonly SettingKeys TypeKeys = new() { Honoured = ["type", "merges", "vocab"] };

    static readonly Dictionary<string, (SettingKeys Keys, Func<JsonSettings, TokenizerSettings> Read)> Models = new()
    {
        ["WordPiece"] = (ModelKeys, ReadWordPiece),
        ["BPE"] = (BytePairModel.Keys, BytePairModel.Read),
    };

    /// <summary>Reads the file and compares it with tokenizer_config.json.</summary>
    /// <exception cref="InvalidInputException">It is not valid, or states a setting that is not done.</exception>
    public static TokenizerSettings Read(string path, TokenizerConfig config)
    {
        JsonSettings json = JsonSettings.Read(path, Keys);
        TokenizerSettings settings = ReadModel(json) with
        {
            AddedTokens = [.. ReadAddedTokens(json)],
            Normalizer = Normalizer.Read(json, "normalizer"),
            PreTokenizer = PreTokenizer.Read(json, "pre_tokenizer"),
            Template = SentenceTemplate.Read(json, "post_processor"),
            TruncatesLeft = ReadTruncatesLeft(json, config),
        };
        if (settings.Merges is not null) BytePairModel.RequireByteLevel(settings, json);
        Compare(settings, config);
        return settings;
    }

    static TokenizerSettings ReadModel(JsonSettings json)
    {
        string expected = string.Join(" or ", Models.Keys);
        JsonSettings model = json.Object("model", TypeKeys) ?? throw json.Wrong("model", $"a model {expected}");
        string type = model.Text("type") ?? (model.Contains("merges") ? "BPE" : "WordPiece");
        if (!Models.TryGetValue(type, out var found)) throw model.Wrong("type", expected);
        return found.Read(model.WithKeys(found.Keys));
    }

    static TokenizerSettings ReadWordPiece(JsonSettings model)
    {
        TokenizerSettings settings = new()
        {
            File = model.File,
            Vocabulary = model.IdsByName("vocab") ?? throw model.Wrong("vocab", "tokens with ids"),
            AddedTokens = [],
            UnknownToken = model.Text("unk_token") ?? TokenizerSettings.DefaultUnknownToken,
            ContinuingSubwordPrefix = model.Text("continuing_subword_prefix") ?? "##",
            MaxInputCharsPerWord = model.Integer("max_input_chars_per_word", 0) ?? 100,
        };
        if (!settings.Vocabulary.ContainsKey(settings.UnknownToken))
            throw model.Wrong("unk_token", $"a token of the vocabulary, such as {settings.UnknownToken}");
        return settings;
    }

    static IEnumerable<AddedToken> ReadAddedTokens(JsonSettings json)
    {
        foreach (JsonSettings token in json.Objects("added_tokens", AddedToken.Keys))
        {
            AddedToken added = AddedToken.Read(token, special: false);
            yield return added.Id is null ? throw token.Wrong("id", "an id") : added;
        }
    }

    static bool ReadTruncatesLeft(JsonSettings json, TokenizerConfig config)
    {
        JsonSettings? truncation = json.Object("truncation", TruncationKeys);
        bool? left = TokenizerConfig.ReadSide(truncation, "direction", "Left", "Right");
        if (left is not null) config.Compare("truncation_side", Side(config.TruncatesLeft), Side(left));
        return left ?? config.TruncatesLeft ?? false;

        static string? Side(bool? left) => left is null ? null : left.Value ? "left" : "right";
    }

    static void Compare(TokenizerSettings settings, TokenizerConfig config)
    {
        Normalizer[] steps = [.. settings.Normalizer?.Steps ?? []];
        BertNormalizer? bert = steps.OfType<BertNormalizer>().FirstOrDefault();
        bool lowercase = bert?.Lowercase == true || steps.OfType<Lowercase>().Any();
        config.Compare("do_lower_case", config.Lowercase, lowercase);
        config.Compare("strip_accents", config.StripAccents, bert?.StripAccents);
        config.Compare("tokenize_chinese_chars", config.TokenizeChineseChars, bert?.TokenizeChineseChars);
        ByteLevel? bytes = settings.PreTokenizer?.Steps.OfType<ByteLevel>().FirstOrDefault();
        if (bytes is not null) config.Compare("add_prefix_space", config.AddPrefixSpace, bytes.AddPrefixSpace);
        if (settings.Merges is null) CompareToken("unk_token", settings.UnknownToken);
        if (settings.Template.Prefix is [(string cls, _)]) CompareToken("cls_token", cls);
        if (settings.Template.Suffix is [(string sep, _)]) CompareToken("sep_token", sep);

        void CompareToken(string key, string followed) =>
            config.Compare(key, config.SpecialTokens.GetValueOrDefault(key)?.Content, followed);
    }
}
