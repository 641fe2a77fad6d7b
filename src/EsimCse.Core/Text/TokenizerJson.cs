using System.Text.Json.Nodes;

namespace EsimCse.Core.Text;

/// <summary>
/// Makes the tokenizer.json of a tokenizer that was loaded from vocab.txt, as Hugging Face's library writes it.
/// </summary>
static class TokenizerJson
{
    public static JsonObject From(BertTokenizer tokenizer)
    {
        TokenizerSettings settings = tokenizer.Settings;
        JsonObject decoder = new()
        {
            ["type"] = "WordPiece",
            ["prefix"] = settings.ContinuingSubwordPrefix,
            ["cleanup"] = true,
        };
        return new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = AddedTokens(settings),
            ["normalizer"] = Normalizer(settings),
            ["pre_tokenizer"] = new JsonObject { ["type"] = "BertPreTokenizer" },
            ["post_processor"] = PostProcessor(tokenizer),
            ["decoder"] = decoder,
            ["model"] = Model(settings),
        };
    }

    static JsonArray AddedTokens(TokenizerSettings settings) =>
    [
        .. settings.AddedTokens.OrderBy(token => token.Value).Select(token => new JsonObject
        {
            ["id"] = token.Value,
            ["content"] = token.Key,
            ["single_word"] = false,
            ["lstrip"] = false,
            ["rstrip"] = false,
            ["normalized"] = false,
            ["special"] = true,
        }),
    ];

    static JsonObject Normalizer(TokenizerSettings settings) => new()
    {
        ["type"] = "BertNormalizer",
        ["clean_text"] = settings.CleanText,
        ["handle_chinese_chars"] = settings.TokenizeChineseChars,
        ["strip_accents"] = settings.StripAccents == settings.Lowercase ? null : settings.StripAccents,
        ["lowercase"] = settings.Lowercase,
    };

    static JsonObject Model(TokenizerSettings settings)
    {
        JsonObject vocabulary = [];
        foreach ((string token, int id) in settings.Vocabulary.OrderBy(token => token.Value)) vocabulary[token] = id;
        return new JsonObject
        {
            ["type"] = "WordPiece",
            ["unk_token"] = settings.UnknownToken,
            ["continuing_subword_prefix"] = settings.ContinuingSubwordPrefix,
            ["max_input_chars_per_word"] = settings.MaxInputCharsPerWord,
            ["vocab"] = vocabulary,
        };
    }

    static JsonObject PostProcessor(BertTokenizer tokenizer)
    {
        JsonArray single = [Special("[CLS]", 0), Sequence("A", 0), Special("[SEP]", 0)];
        JsonArray pair = [.. single.Select(part => part!.DeepClone()), Sequence("B", 1), Special("[SEP]", 1)];
        JsonObject specialTokens = new()
        {
            ["[CLS]"] = Token("[CLS]", tokenizer.ClsId),
            ["[SEP]"] = Token("[SEP]", tokenizer.SepId),
        };
        return new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = single,
            ["pair"] = pair,
            ["special_tokens"] = specialTokens,
        };
    }

    static JsonObject Special(string token, int type) =>
        new() { ["SpecialToken"] = new JsonObject { ["id"] = token, ["type_id"] = type } };

    static JsonObject Sequence(string name, int type) =>
        new() { ["Sequence"] = new JsonObject { ["id"] = name, ["type_id"] = type } };

    static JsonObject Token(string token, int id) =>
        new() { ["id"] = token, ["ids"] = new JsonArray(id), ["tokens"] = new JsonArray(token) };
}
