using System.Text.Json.Nodes;
using EsimCse.Core;
using EsimCse.Core.Text;

namespace EsimCse.Tests.Text;

public sealed class TokenizerSettingsTests : IDisposable
{
    const string TokenizerJson = """
        {
          "added_tokens": [{"id": 2, "content": "[CLS]"}, {"id": 3, "content": "[SEP]"}, {"id": 9, "content": "<x>"}],
          "normalizer": {"type": "BertNormalizer", "lowercase": false, "handle_chinese_chars": false},
          "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "@@",
            "max_input_chars_per_word": 7, "vocab": {"[UNK]": 0, "[CLS]": 2, "[SEP]": 3, "cat": 4}
          }
        }
        """;

    readonly string _folder = Directory.CreateTempSubdirectory("esimcse-settings-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);

    void AssertRefused(params string[] named)
    {
        string message = Assert.Throws<InvalidInputException>(() => TokenizerSettings.Read(_folder)).Message;
        Assert.All([_folder, .. named], part => Assert.Contains(part, message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_vocabulary_alone_has_the_defaults_of_Hugging_Face()
    {
        Write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ncat\n");
        TokenizerSettings settings = TokenizerSettings.Read(_folder);
        Assert.Equal(5, settings.Vocabulary["cat"]);
        Assert.True(settings.Lowercase && settings.StripAccents && settings.TokenizeChineseChars && settings.CleanText);
        Assert.Equal(100, settings.MaxInputCharsPerWord);
        Assert.Equal("##", settings.ContinuingSubwordPrefix);
        Assert.Null(settings.ModelMaxLength);
        Assert.Equal(
            ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
            settings.AddedTokens.OrderBy(token => token.Value).Select(token => token.Key));
    }

    [Theory]
    [InlineData("{}", true, true, null)]
    [InlineData("""{"do_lower_case":false}""", false, false, null)]
    [InlineData("""{"do_lower_case":false,"strip_accents":true}""", false, true, null)]
    [InlineData("""{"do_lower_case":true,"strip_accents":null}""", true, true, null)]
    [InlineData("""{"model_max_length":512}""", true, true, 512)]
    [InlineData("""{"model_max_length":1000000000000000019884624838656}""", true, true, null)]
    public void Flags_come_from_tokenizer_config(string config, bool lowercase, bool stripAccents, int? maxLength)
    {
        Write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n");
        Write("tokenizer_config.json", config);
        TokenizerSettings settings = TokenizerSettings.Read(_folder);
        Assert.Equal(lowercase, settings.Lowercase);
        Assert.Equal(stripAccents, settings.StripAccents);
        Assert.Equal(maxLength, settings.ModelMaxLength);
    }

    [Fact]
    public void A_tokenizer_json_is_preferred_to_a_vocabulary()
    {
        Write("vocab.txt", "nothing of use\n");
        Write("tokenizer.json", TokenizerJson);
        TokenizerSettings settings = TokenizerSettings.Read(_folder);
        Assert.Equal(4, settings.Vocabulary["cat"]);
        Assert.Equal(9, settings.AddedTokens["<x>"]);
        Assert.False(settings.Lowercase || settings.StripAccents || settings.TokenizeChineseChars);
        Assert.Equal(7, settings.MaxInputCharsPerWord);
        Assert.Equal("@@", settings.ContinuingSubwordPrefix);
    }

    [Fact]
    public void A_folder_without_a_tokenizer_is_named() => AssertRefused("neither tokenizer.json nor vocab.txt");

    [Fact]
    public void A_vocabulary_without_a_special_token_is_named()
    {
        Write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n");
        AssertRefused("vocab.txt", "[MASK]");
    }

    [Fact]
    public void A_flag_that_is_no_flag_is_named()
    {
        Write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n");
        Write("tokenizer_config.json", """{"do_lower_case":"yes"}""");
        AssertRefused("tokenizer_config.json", "do_lower_case", "yes", "expected true or false");
    }

    [Theory]
    [InlineData("model", """{"type":"BPE"}""", "BPE", "expected WordPiece", "RoBERTa")]
    [InlineData("model", """{"merges":[]}""", "BPE", "expected WordPiece")]
    [InlineData("model", """{"type":"WordPiece"}""", "expected WordPiece with an object vocab")]
    [InlineData("model", """{"type":"WordPiece","vocab":{"a":-1}}""", "'a'", "-1")]
    [InlineData("model", """{"vocab":{},"max_input_chars_per_word":"x"}""", "max_input_chars_per_word")]
    [InlineData("normalizer", """{"type":"NFC"}""", "NFC", "expected BertNormalizer")]
    [InlineData("normalizer", "null", "none", "expected BertNormalizer")]
    public void An_unsupported_part_of_tokenizer_json_is_named(string key, string value, params string[] named)
    {
        JsonObject json = JsonNode.Parse(TokenizerJson)!.AsObject();
        json[key] = JsonNode.Parse(value);
        Write("tokenizer.json", json.ToJsonString());
        AssertRefused(["tokenizer.json", .. named]);
    }
}
