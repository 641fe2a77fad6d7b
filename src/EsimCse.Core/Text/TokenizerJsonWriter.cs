using System.Text.Json.Nodes;
using EsimCse.Core.Text.Normalizers;
using EsimCse.Core.Text.PreTokenizers;

namespace EsimCse.Core.Text;

/// <summary>
/// Makes the tokenizer.json of a tokenizer that was loaded from vocab.txt, or vocab.json and merges.txt, as Hugging
/// Face's library writes it.
/// </summary>
static class TokenizerJsonWriter
{
    public static JsonObject From(BertTokenizer tokenizer)
    {
        TokenizerSettings settings = tokenizer.Settings;
        return new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = AddedTokens(settings),
            ["normalizer"] = Normalizer(settings.Normalizer as BertNormalizer),
            ["pre_tokenizer"] = PreTokenizer(settings.PreTokenizer as ByteLevel),
            ["post_processor"] = settings.Merges is null ? Template(settings.Template) : Pair(settings),
            ["decoder"] = Decoder(settings),
            ["model"] = settings.Merges is null ? WordPiece(settings) : BytePairs(settings),
        };
    }

    // Array constructors: collection expressions of a JsonArray need code at run time, which NativeAOT has not.
    static JsonArray AddedTokens(TokenizerSettings settings) => new(
    [
        .. settings.AddedTokens.OrderBy(token => token.Id).Select(token => new JsonObject
        {
            ["id"] = token.Id,
            ["content"] = token.Content,
            ["single_word"] = token.SingleWord,
            ["lstrip"] = token.StripLeft,
            ["rstrip"] = token.StripRight,
            ["normalized"] = token.Normalized,
            ["special"] = token.Special,
        }),
    ]);

    static JsonObject? Normalizer(BertNormalizer? normalizer) => normalizer is null ? null : new()
    {
        ["type"] = "BertNormalizer",
        ["clean_text"] = normalizer.CleanText,
        ["handle_chinese_chars"] = normalizer.TokenizeChineseChars,
        ["strip_accents"] = normalizer.StripAccents == normalizer.Lowercase ? null : normalizer.StripAccents,
        ["lowercase"] = normalizer.Lowercase,
    };

    static JsonObject PreTokenizer(ByteLevel? bytes) => bytes is null
        ? new() { ["type"] = "BertPreTokenizer" }
        : Bytes(bytes.AddPrefixSpace);

    static JsonObject Decoder(TokenizerSettings settings) => settings.Merges is not null ? Bytes(true) : new()
    {
        ["type"] = "WordPiece",
        ["prefix"] = settings.ContinuingSubwordPrefix,
        ["cleanup"] = true,
    };

    static JsonObject Bytes(bool addPrefixSpace) => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = addPrefixSpace,
        ["trim_offsets"] = true,
        ["use_regex"] = true,
    };

    static JsonObject Vocabulary(TokenizerSettings settings)
    {
        JsonObject vocabulary = [];
        foreach ((string token, int id) in settings.Vocabulary.OrderBy(token => token.Value)) vocabulary[token] = id;
        return vocabulary;
    }

    static JsonObject BytePairs(TokenizerSettings settings) => new()
    {
        ["type"] = "BPE",
        ["dropout"] = null,
        ["unk_token"] = null,
        ["continuing_subword_prefix"] = "",
        ["end_of_word_suffix"] = "",
        ["fuse_unk"] = false,
        ["byte_fallback"] = false,
        ["ignore_merges"] = settings.IgnoreMerges,
        ["vocab"] = Vocabulary(settings),
        ["merges"] = new JsonArray([.. settings.Merges!.Select(pair => new JsonArray(pair.Left, pair.Right))]),
    };

    static JsonObject WordPiece(TokenizerSettings settings) => new()
    {
        ["type"] = "WordPiece",
        ["unk_token"] = settings.UnknownToken,
        ["continuing_subword_prefix"] = settings.ContinuingSubwordPrefix,
        ["max_input_chars_per_word"] = settings.MaxInputCharsPerWord,
        ["vocab"] = Vocabulary(settings),
    };

    static JsonObject Pair(TokenizerSettings settings)
    {
        (string sep, int sepId) = settings.Template.Suffix[0];
        (string cls, int clsId) = settings.Template.Prefix[0];
        return new JsonObject
        {
            ["type"] = "RobertaProcessing",
            ["sep"] = new JsonArray(sep, sepId),
            ["cls"] = new JsonArray(cls, clsId),
            ["trim_offsets"] = true,
            ["add_prefix_space"] = ((ByteLevel)settings.PreTokenizer!).AddPrefixSpace,
        };
    }

    static JsonObject Template(SentenceTemplate template)
    {
        JsonArray single = new([.. Special(template.Prefix, 0), Sequence("A", 0), .. Special(template.Suffix, 0)]);
        JsonArray pair = new(
            [.. single.Select(part => part!.DeepClone()), Sequence("B", 1), .. Special(template.Suffix, 1)]);
        JsonObject specialTokens = [];
        foreach ((string token, int id) in template.Prefix.Concat(template.Suffix))
            specialTokens[token] = Token(token, id);
        return new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = single,
            ["pair"] = pair,
            ["special_tokens"] = specialTokens,
        };
    }

    static IEnumerable<JsonObject> Special(IEnumerable<(string Token, int Id)> tokens, int type) =>
        tokens.Select(token => Piece("SpecialToken", token.Token, type));

    static JsonObject Sequence(string name, int type) => Piece("Sequence", name, type);

    static JsonObject Piece(string kind, string id, int type) =>
        new() { [kind] = new JsonObject { ["id"] = id, ["type_id"] = type } };

    static JsonObject Token(string token, int id) =>
        new() { ["id"] = token, ["ids"] = new JsonArray(id), ["tokens"] = new JsonArray(token) };
}
