using System.Text.Json.Nodes;
using EsimCse.Core.Text.Normalizers;

namespace EsimCse.Core.Text;

/// <summary>
/// Makes the tokenizer.json of a tokenizer that was loaded from vocab.txt, as Hugging Face's library writes it.
/// </summary>
static class TokenizerJsonWriter
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
            ["normalizer"] = Normalizer((BertNormalizer)settings.Normalizer!),
            ["pre_tokenizer"] = new JsonObject { ["type"] = "BertPreTokenizer" },
            ["post_processor"] = Template(settings.Template),
            ["decoder"] = decoder,
            ["model"] = Model(settings),
        };
    }

    static JsonArray AddedTokens(TokenizerSettings settings) =>
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
    ];

    static JsonObject Normalizer(BertNormalizer normalizer) => new()
    {
        ["type"] = "BertNormalizer",
        ["clean_text"] = normalizer.CleanText,
        ["handle_chinese_chars"] = normalizer.TokenizeChineseChars,
        ["strip_accents"] = normalizer.StripAccents == normalizer.Lowercase ? null : normalizer.StripAccents,
        ["lowercase"] = normalizer.Lowercase,
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

    static JsonObject Template(SentenceTemplate template)
    {
        JsonArray single = [.. Special(template.Prefix, 0), Sequence("A", 0), .. Special(template.Suffix, 0)];
        JsonArray pair =
        [
            .. single.Select(part => part!.DeepClone()), Sequence("B", 1), .. Special(template.Suffix, 1),
        ];
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
