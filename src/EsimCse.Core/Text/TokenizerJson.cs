using System.Text.Json.Nodes;

namespace EsimCse.Core.Text;

/// <summary>The tokenizer.json of a tokenizer that had none, as Hugging Face's library writes it.</summary>
static class TokenizerJson
{
    public static JsonObject From(BertTokenizer tokenizer)
    {
        TokenizerSettings settings = tokenizer.Settings;
        JsonObject vocabulary = [];
        foreach ((string piece, int id) in settings.Pieces.OrderBy(piece => piece.Value)) vocabulary[piece] = id;
        return new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray([.. settings.AddedTokens.OrderBy(token => token.Value).Select(token => new JsonObject
            {
                ["id"] = token.Value, ["content"] = token.Key, ["single_word"] = false, ["lstrip"] = false, ["rstrip"] = false, ["normalized"] = false, ["special"] = true,
            })]),
            ["normalizer"] = new JsonObject
            {
                ["type"] = "BertNormalizer",
                ["clean_text"] = settings.CleanText,
                ["handle_chinese_chars"] = settings.TokenizeChineseChars,
                ["strip_accents"] = settings.StripAccents == settings.Lowercase ? null : settings.StripAccents,
                ["lowercase"] = settings.Lowercase,
            },
            ["pre_tokenizer"] = new JsonObject { ["type"] = "BertPreTokenizer" },
            ["post_processor"] = PostProcessor(tokenizer),
            ["decoder"] = new JsonObject { ["type"] = "WordPiece", ["prefix"] = settings.ContinuingSubwordPrefix, ["cleanup"] = true },
            ["model"] = new JsonObject
            {
                ["type"] = "WordPiece",
                ["unk_token"] = settings.Unknown,
                ["continuing_subword_prefix"] = settings.ContinuingSubwordPrefix,
                ["max_input_chars_per_word"] = settings.MaxInputCharsPerWord,
                ["vocab"] = vocabulary,
            },
        };
    }

    static JsonObject PostProcessor(BertTokenizer tokenizer) => new()
    {
        ["type"] = "TemplateProcessing",
        ["single"] = new JsonArray(Special("[CLS]", 0), Sequence("A", 0), Special("[SEP]", 0)),
        ["pair"] = new JsonArray(Special("[CLS]", 0), Sequence("A", 0), Special("[SEP]", 0), Sequence("B", 1), Special("[SEP]", 1)),
        ["special_tokens"] = new JsonObject { ["[CLS]"] = Token("[CLS]", tokenizer.ClsId), ["[SEP]"] = Token("[SEP]", tokenizer.SepId) },
    };

    static JsonObject Special(string token, int type) => new() { ["SpecialToken"] = new JsonObject { ["id"] = token, ["type_id"] = type } };

    static JsonObject Sequence(string name, int type) => new() { ["Sequence"] = new JsonObject { ["id"] = name, ["type_id"] = type } };

    static JsonObject Token(string token, int id) => new() { ["id"] = token, ["ids"] = new JsonArray(id), ["tokens"] = new JsonArray(token) };
}
