using System.Text.Json.Nodes;
using EsimCse.Core;
using EsimCse.Core.Text;
using EsimCse.Core.Text.Normalizers;

namespace EsimCse.Tests.Text;

/// <summary>The files of a tokenizer: which one holds, and the refusals.</summary>
public sealed class TokenizerSettingsTests : IDisposable
{
    readonly TokenizerFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    void AssertRefused(params string[] named)
    {
        string message = Assert.Throws<InvalidInputException>(() => TokenizerSettings.Read(_folder.Path)).Message;
        Assert.All([_folder.Path, .. named], part => Assert.Contains(part, message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', message);
    }

    static int Id(string token) => Array.IndexOf(TokenizerFolder.Vocabulary, token);

    [Fact]
    public void A_vocabulary_alone_has_the_defaults_of_Hugging_Face()
    {
        _folder.WriteVocabulary();
        TokenizerSettings settings = TokenizerSettings.Read(_folder.Path);
        BertNormalizer normalizer = Assert.IsType<BertNormalizer>(settings.Normalizer);
        Assert.Equal(Id("cat"), settings.Vocabulary["cat"]);
        Assert.True(normalizer.Lowercase && normalizer.StripAccents);
        Assert.True(normalizer.TokenizeChineseChars && normalizer.CleanText);
        Assert.Equal(100, settings.MaxInputCharsPerWord);
        Assert.Equal("##", settings.ContinuingSubwordPrefix);
        Assert.Null(settings.ModelMaxLength);
        Assert.Equal(
            ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
            settings.AddedTokens.OrderBy(token => token.Id).Select(token => token.Content));
    }

    [Theory]
    [InlineData("{}", true, true, null)]
    [InlineData("""{"do_lower_case":false}""", false, false, null)]
    [InlineData("""{"do_lower_case":false,"strip_accents":true}""", false, true, null)]
    [InlineData("""{"do_lower_case":true,"strip_accents":null}""", true, true, null)]
    [InlineData("""{"model_max_length":512}""", true, true, 512)]
    [InlineData("""{"max_len":512}""", true, true, 512)]
    [InlineData("""{"model_max_length":1000000000000000019884624838656}""", true, true, null)]
    public void Flags_come_from_tokenizer_config(string config, bool lowercase, bool stripAccents, int? maxLength)
    {
        _folder.WriteVocabulary();
        _folder.Write("tokenizer_config.json", config);
        TokenizerSettings settings = TokenizerSettings.Read(_folder.Path);
        BertNormalizer normalizer = Assert.IsType<BertNormalizer>(settings.Normalizer);
        Assert.Equal(lowercase, normalizer.Lowercase);
        Assert.Equal(stripAccents, normalizer.StripAccents);
        Assert.Equal(maxLength, settings.ModelMaxLength);
    }

    [Fact]
    public void A_tokenizer_json_is_preferred_to_a_vocabulary()
    {
        _folder.Write("vocab.txt", "nothing of use\n");
        _folder.WriteJson("""{"model": {"max_input_chars_per_word": 7, "continuing_subword_prefix": "@@"}}""");
        TokenizerSettings settings = TokenizerSettings.Read(_folder.Path);
        Assert.Equal(Id("cat"), settings.Vocabulary["cat"]);
        Assert.Equal(7, settings.MaxInputCharsPerWord);
        Assert.Equal("@@", settings.ContinuingSubwordPrefix);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("\n\n\n")]
    public void Blank_lines_at_the_end_of_a_vocabulary_are_no_tokens(string end)
    {
        _folder.Write("vocab.txt", string.Join('\n', TokenizerFolder.Vocabulary) + end);
        Assert.Equal(TokenizerFolder.Vocabulary.Length, _folder.Load().VocabularySize);
    }

    [Fact]
    public void A_blank_line_inside_a_vocabulary_counts()
    {
        _folder.Write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n\ncat\n");
        Assert.Equal([2, 5, 3], _folder.Load().Encode("cat"));
    }

    [Fact]
    public void A_folder_without_a_tokenizer_is_named() => AssertRefused("neither tokenizer.json nor vocab.txt");

    [Theory]
    [InlineData("[UNK]")]
    [InlineData("[CLS]")]
    [InlineData("[SEP]")]
    public void A_vocabulary_without_a_token_that_every_text_needs_is_named(string token)
    {
        _folder.Write("vocab.txt", string.Join('\n', TokenizerFolder.Vocabulary.Where(line => line != token)));
        AssertRefused("vocab.txt", token);
    }

    [Fact]
    public void A_vocabulary_without_mask_and_padding_tokenizes()
    {
        _folder.Write("vocab.txt", "[UNK]\n[CLS]\n[SEP]\ncat\n");
        BertTokenizer tokenizer = _folder.Load();
        Assert.Null(tokenizer.MaskId);
        Assert.Equal([1, 3, 2], tokenizer.Encode("cat"));
    }

    [Fact]
    public void Other_names_of_special_tokens_are_followed()
    {
        _folder.Write("vocab.txt", "<u>\n<s>\n</s>\n<m>\ncat\n");
        _folder.Write("tokenizer_config.json", """
            {"unk_token": "<u>", "cls_token": "<s>", "sep_token": {"content": "</s>"}, "mask_token": "<m>"}
            """);
        BertTokenizer tokenizer = _folder.Load();
        Assert.Equal([1, 4, 0, 3, 2], tokenizer.Encode("cat dog <m>"));
        Assert.Equal(3, tokenizer.MaskId);
    }

    [Fact]
    public void A_special_tokens_map_counts_where_there_is_no_added_tokens_decoder()
    {
        _folder.WriteVocabulary();
        _folder.Write("special_tokens_map.json", """{"cls_token": "the", "additional_special_tokens": ["cat"]}""");
        Assert.Equal([Id("the"), Id("cat"), 1, 3], _folder.Load().Encode("cats"));
        _folder.Write("tokenizer_config.json", """{"added_tokens_decoder": {}}""");
        Assert.Equal([2, Id("cat"), 3], _folder.Load().Encode("cat"));
    }

    [Fact]
    public void Added_tokens_have_their_own_ids_wherever_they_are_stated()
    {
        _folder.WriteVocabulary();
        _folder.Write("added_tokens.json", """{"[NEW]": 90}""");
        Assert.Equal([2, 90, 3], _folder.Load().Encode("[NEW]"));
        Assert.Equal(91, _folder.Load().VocabularySize);
        _folder.Write("tokenizer_config.json", """
            {"added_tokens_decoder": {"95": {"content": "[NEW]", "special": true}}}
            """);
        Assert.Equal([2, 95, 3], _folder.Load().Encode("[NEW]"));
        _folder.WriteJson();
        Assert.Equal([2, 95, 3], _folder.Load().Encode("[NEW]"));
    }

    [Fact]
    public void A_special_token_without_an_id_follows_the_vocabulary()
    {
        _folder.WriteJson();
        _folder.Write("tokenizer_config.json", """{"additional_special_tokens": ["[A1]", "[A2]"]}""");
        int next = TokenizerFolder.Vocabulary.Length;
        Assert.Equal([2, next + 1, next, 3], _folder.Load().Encode("[A2][A1]"));
    }

    [Theory]
    [InlineData("""{"do_lower_case": false}""", "do_lower_case", "false", "true")]
    [InlineData("""{"strip_accents": false}""", "strip_accents", "false", "true")]
    [InlineData("""{"tokenize_chinese_chars": false}""", "tokenize_chinese_chars", "false", "true")]
    [InlineData("""{"cls_token": "the"}""", "cls_token", "the", "[CLS]")]
    [InlineData("""{"unk_token": "the"}""", "unk_token", "the", "[UNK]")]
    [InlineData("""{"truncation_side": "left"}""", "truncation_side", "left", "right")]
    public void Tokenizer_json_holds_and_a_line_says_so(string config, params string[] named)
    {
        _folder.WriteJson("""
            {"truncation": {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}}
            """);
        int[] ids = _folder.Load().Encode("The café 我cat dog");
        _folder.Write("tokenizer_config.json", config);
        BertTokenizer tokenizer = _folder.Load();
        Assert.Equal(ids, tokenizer.Encode("The café 我cat dog"));
        string remark = Assert.Single(tokenizer.Remarks);
        Assert.All(
            ["tokenizer_config.json", .. named], part => Assert.Contains(part, remark, StringComparison.Ordinal));
    }

    [Fact]
    public void Files_that_agree_leave_no_remark()
    {
        _folder.WriteJson();
        _folder.Write("tokenizer_config.json", """
            {
              "do_lower_case": true, "strip_accents": null, "tokenize_chinese_chars": true, "cls_token": "[CLS]",
              "tokenizer_class": "BertTokenizerFast", "model_max_length": 512,
              "added_tokens_decoder": {"2": {
                "content": "[CLS]", "lstrip": false, "rstrip": false, "normalized": false, "single_word": false,
                "special": true
              }}
            }
            """);
        Assert.Empty(_folder.Load().Remarks);
    }

    [Theory]
    [InlineData("BertJapaneseTokenizer")]
    [InlineData("XLMRobertaTokenizer")]
    [InlineData("T5TokenizerFast")]
    [InlineData("Fast")]
    public void A_tokenizer_class_of_another_kind_is_refused(string name)
    {
        _folder.WriteVocabulary();
        _folder.Write("tokenizer_config.json", $$"""{"tokenizer_class": "{{name}}", "word_tokenizer_type": "mecab"}""");
        AssertRefused("tokenizer_config.json", "tokenizer_class", name, "BertTokenizer");
    }

    [Theory]
    [InlineData("model", """{"type":"BPE"}""", "model.continuing_subword_prefix", "##")]
    [InlineData("model", """{"type":"Unigram"}""", "Unigram", "expected WordPiece or BPE")]
    [InlineData("model", """{"vocab":"null"}""", "model.vocab", "nothing")]
    [InlineData("model", """{"vocab":{"a":-1}}""", "model.vocab.a", "-1")]
    [InlineData("model", """{"vocab":{"a":1.5}}""", "model.vocab.a", "1.5")]
    [InlineData("model", """{"unk_token":"none"}""", "model.unk_token", "none")]
    [InlineData("model", """{"max_input_chars_per_word":"x"}""", "model.max_input_chars_per_word", "x")]
    [InlineData("normalizer", """{"type":"Precompiled"}""", "normalizer.type", "Precompiled", "BertNormalizer")]
    [InlineData("normalizer", """{"lowercase":1}""", "normalizer.lowercase", "1", "true or false")]
    [InlineData("normalizer", """{"extra":1}""", "normalizer.extra", "1")]
    [InlineData("pre_tokenizer", """{"type":"Metaspace"}""", "pre_tokenizer.type", "Metaspace", "WhitespaceSplit")]
    [InlineData("post_processor", """{"type":"ByteLevel"}""", "post_processor.type", "ByteLevel", "BertProcessing")]
    [InlineData("post_processor", """{"single":[]}""", "post_processor.single", "[]")]
    [InlineData("post_processor", """{"special_tokens":{"[SEP]":null}}""", "special_tokens.[SEP]", "nothing")]
    public void A_part_of_tokenizer_json_that_is_not_done_is_refused(string key, string patch, params string[] named)
    {
        _folder.WriteJson($$"""{"{{key}}": {{patch}}}""");
        AssertRefused(["tokenizer.json", .. named]);
    }

    [Theory]
    [InlineData("[]", "an object")]
    [InlineData("{}", "String or Regex")]
    [InlineData("""{"String": ""}""", "String or Regex")]
    [InlineData("""{"Regex": "a*"}""", "Regex")]
    [InlineData("""{"Regex": "\\p{L}"}""", "Regex")]
    [InlineData("""{"Regex": "(?i)a"}""", "Regex")]
    [InlineData("""{"Regex": "a++"}""", "Regex")]
    [InlineData("""{"Regex": "(a"}""", "Regex")]
    public void An_expression_that_may_mean_something_else_is_refused(string pattern, string named)
    {
        JsonObject json = TokenizerFolder.Json();
        json["normalizer"] = JsonNode.Parse($$"""{"type": "Replace", "content": "x", "pattern": {{pattern}}}""");
        _folder.Write("tokenizer.json", json.ToJsonString());
        AssertRefused("tokenizer.json", "normalizer.pattern", named);
    }

    [Fact]
    public void Added_tokens_that_contradict_are_refused()
    {
        Refuse("""[{"id": 90, "content": "cat"}]""", "'cat'", "90", $"{Id("cat")}");
        Refuse("""[{"id": 90, "content": "[N]"}, {"id": 91, "content": "[N]"}]""", "'[N]'", "90", "91");
        Refuse("""[{"id": 90, "content": "[N]"}, {"id": 90, "content": "[M]"}]""", "'[N]'", "90", "'[M]'");
        Refuse("""[{"content": "[N]"}]""", "added_tokens[0].id", "nothing");
        Refuse("""[{"id": 90}]""", "added_tokens[0].content", "nothing");

        void Refuse(string tokens, params string[] named)
        {
            _folder.WriteJson($$"""{"added_tokens": {{tokens}}}""");
            AssertRefused(["tokenizer.json", .. named]);
        }
    }

    [Fact]
    public void A_pointer_of_git_lfs_in_place_of_a_vocabulary_is_named()
    {
        _folder.Write("vocab.txt", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 231508\n");
        AssertRefused("vocab.txt", "Git LFS");
    }

    [Fact]
    public void A_link_to_nothing_is_not_taken_for_a_missing_file()
    {
        _folder.WriteVocabulary();
        File.CreateSymbolicLink(_folder.In("tokenizer.json"), "../blobs/gone");
        AssertRefused("tokenizer.json", "a link to ../blobs/gone");
    }
}
