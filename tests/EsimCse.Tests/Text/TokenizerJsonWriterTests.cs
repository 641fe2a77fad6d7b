using System.Text.Json.Nodes;
using EsimCse.Core.Text;

namespace EsimCse.Tests.Text;

public sealed class TokenizerJsonWriterTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("esimcse-tokenizer-json-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    BertTokenizer Load(string config)
    {
        File.WriteAllText(
            Path.Combine(_folder, "vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ncafe\ncafé\n##s\n我\n");
        File.WriteAllText(Path.Combine(_folder, "tokenizer_config.json"), config);
        return BertTokenizer.Load(_folder);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"do_lower_case":false}""")]
    [InlineData("""{"strip_accents":false}""")]
    [InlineData("""{"tokenize_chinese_chars":false}""")]
    public void A_tokenizer_loaded_from_it_gives_the_same_ids(string config)
    {
        const string text = "Cafés cafe café 我我 [MASK] x";
        BertTokenizer original = Load(config);
        File.WriteAllText(Path.Combine(_folder, "tokenizer.json"), TokenizerJsonWriter.From(original).ToJsonString());
        BertTokenizer loaded = BertTokenizer.Load(_folder);
        Assert.Equal(original.Encode(text), loaded.Encode(text));
        Assert.Equal(original.Settings.Vocabulary, loaded.Settings.Vocabulary);
        Assert.Equal(Spelled(original), Spelled(loaded));

        static IEnumerable<AddedToken> Spelled(BertTokenizer tokenizer) =>
            tokenizer.Settings.AddedTokens.Select(token => token with { File = "" }).OrderBy(token => token.Id);
    }

    [Fact]
    public void The_template_encloses_a_sentence_and_a_pair()
    {
        JsonNode template = TokenizerJsonWriter.From(Load("{}"))["post_processor"]!;
        Assert.Equal(3, template["single"]!.AsArray().Count);
        Assert.Equal(
            ["[CLS]:0", "A:0", "[SEP]:0", "B:1", "[SEP]:1"],
            template["pair"]!.AsArray().Select(part => part!.AsObject().Single().Value!)
                .Select(part => $"{part["id"]}:{part["type_id"]}"));
        Assert.Equal(2, template["special_tokens"]!["[CLS]"]!["ids"]![0]!.GetValue<int>());
    }
}
