using System.Text.Json.Nodes;
using EsimCse.Core.Text;
using FsCheck;
using FsCheck.Fluent;

namespace EsimCse.Tests.Text;

/// <summary>Random tokenizer.json files and texts against <see cref="ComponentInterpreter"/>.</summary>
public sealed class TokenizerPropertyTests : IDisposable
{
    const int Cases = 10_000;

    static readonly string[] Fragments =
    [
        "the", "cat", "Cat", "CATS", "cats", "café", "CAFÉ", "cafe\u0301", "ﬁ", "½", "K", "Å", "İ", "한", "\u1112\u1161",
        "我", "爱", "😀", "1", "12", "a1b", ",", ".", "!", "-", "_", "...", "$", " ", "  ", "\t", "\u00A0", "\u3000",
        "\u200B", "\u200D", "\0", "\uFFFD", "\u0301", "[MASK]", "[mask]", "[CLS]", "[X1]", "[x1]", "Foo", "foo",
        "foo bar", "ab", "abc", "\u302E", "\uA953", "xxxxxxxxxxxxxxxxx", "x", "",
    ];

    static readonly Gen<string> Text = TokenizerSamples.Texts(Fragments);

    static readonly Gen<string> Bert =
        from clean in TokenizerSamples.Flag
        from chinese in TokenizerSamples.Flag
        from accents in Gen.Elements("true", "false", "null")
        from lowercase in TokenizerSamples.Flag
        select $$"""
            {"type": "BertNormalizer", "clean_text": {{clean}}, "handle_chinese_chars": {{chinese}},
            "strip_accents": {{accents}}, "lowercase": {{lowercase}}}
            """;

    static readonly Gen<string> Strip =
        from left in TokenizerSamples.Flag
        from right in TokenizerSamples.Flag
        select $$"""{"type": "Strip", "strip_left": {{left}}, "strip_right": {{right}}}""";

    static readonly Gen<string> OneNormalizer = Gen.OneOf(
        Bert,
        Bert,
        Strip,
        Gen.Elements("Lowercase", "StripAccents", "NFC", "NFD", "NFKC", "NFKD")
            .Select(type => $$"""{"type": "{{type}}"}"""),
        Gen.Elements(
            """{"type": "Replace", "pattern": {"String": "a"}, "content": "$1b"}""",
            """{"type": "Replace", "pattern": {"Regex": "[\\s.]+"}, "content": " "}""",
            """{"type": "Replace", "pattern": {"Regex": "(?:c|x){2,3}t?"}, "content": ""}"""));

    static readonly Gen<string> OnePreTokenizer = Gen.OneOf(
        Gen.Elements("BertPreTokenizer", "Whitespace", "WhitespaceSplit").Select(type => $$"""{"type": "{{type}}"}"""),
        TokenizerSamples.Flag.Select(flag => $$"""{"type": "Digits", "individual_digits": {{flag}}}"""),
        Gen.Elements("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous")
            .Select(behavior => $$"""{"type": "Punctuation", "behavior": "{{behavior}}"}"""));

    static readonly Gen<string> PostProcessors = Gen.Elements(
        "null",
        """{"type": "BertProcessing", "sep": ["[PAD]", 0], "cls": ["[MASK]", 4]}""",
        """{"type": "RobertaProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2], "trim_offsets": true}""",
        """
        {"type": "TemplateProcessing", "pair": [], "special_tokens": {"[SEP]": {"ids": [3, 4], "tokens": ["a", "b"]}},
        "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}]}
        """);

    static readonly Gen<string> Added =
        TokenizerSamples.Added("[X1]", "Foo", "foo bar", "ab", "abc", "café", "cat", ",", " ", "1");

    static readonly Gen<string> Tokenizers =
        from normalizer in OneOrSequence(OneNormalizer, "normalizers")
        from preTokenizer in OneOrSequence(OnePreTokenizer, "pretokenizers")
        from processor in PostProcessors
        from added in Gen.ArrayOf(Added, 3)
        from count in Gen.Choose(0, 3)
        from maxChars in Gen.Elements(3, 16, 100)
        select Assemble(normalizer, preTokenizer, processor, added[..count], maxChars);

    readonly TokenizerFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Ids_equal_those_of_the_components_in_their_order() =>
        TokenizerSamples.CheckAll(Cases, Tokenizers, Text, Compare);

    [Fact]
    public void Truncation_keeps_the_tokens_of_its_side_between_the_special_tokens()
    {
        Gen<(string Json, string Text, int Length, bool Left)> cases =
            from json in Tokenizers
            from text in Text
            from length in Gen.Choose(3, 12)
            from left in Gen.Elements(true, false)
            select (json, text, length, left);
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(Cases / 5),
            Prop.ForAll(cases.ToArbitrary(), sample => Truncate(sample.Json, sample.Text, sample.Length, sample.Left)));
    }

    void Compare(string json, string text)
    {
        _folder.Write("tokenizer.json", json);
        ComponentInterpreter interpreter = new(JsonNode.Parse(json)!.AsObject());
        Assert.Equal(interpreter.Encode(text), _folder.Load().Encode(text));
    }

    void Truncate(string json, string text, int maxLength, bool left)
    {
        _folder.Write("tokenizer.json", json);
        _folder.Write("tokenizer_config.json", $$"""{"truncation_side": "{{(left ? "left" : "right")}}"}""");
        BertTokenizer tokenizer = _folder.Load();
        int[] all = tokenizer.Encode(text);
        int[] own = all[tokenizer.PrefixIds.Count..^tokenizer.SuffixIds.Count];
        int room = Math.Min(own.Length, maxLength - tokenizer.PrefixIds.Count - tokenizer.SuffixIds.Count);
        int[] kept = left ? own[^room..] : own[..room];
        List<int> ids = [];
        Assert.Equal(room < own.Length, tokenizer.Encode(text, maxLength, ids));
        Assert.Equal([.. tokenizer.PrefixIds, .. kept, .. tokenizer.SuffixIds], ids);
    }

    static Gen<string> OneOrSequence(Gen<string> one, string key) => Gen.OneOf(
        Gen.Constant("null"),
        one,
        one,
        Gen.ArrayOf(one, 2).Select(parts => $$"""{"type": "Sequence", "{{key}}": [{{string.Join(',', parts)}}]}"""),
        Gen.ArrayOf(one, 3).Select(parts => $$"""{"type": "Sequence", "{{key}}": [{{string.Join(',', parts)}}]}"""));

    static string Assemble(
        string normalizer, string preTokenizer, string processor, string[] added, int maxChars)
    {
        JsonObject json = TokenizerFolder.Json();
        json["normalizer"] = JsonNode.Parse(normalizer);
        json["pre_tokenizer"] = JsonNode.Parse(preTokenizer);
        json["post_processor"] = JsonNode.Parse(processor);
        json["model"]!["max_input_chars_per_word"] = maxChars;
        string[] vocabulary = TokenizerFolder.Vocabulary;
        TokenizerSamples.Add(
            json,
            added,
            vocabulary.Length,
            content => Array.IndexOf(vocabulary, content) is >= 0 and int id ? id : null);
        return json.ToJsonString();
    }
}
