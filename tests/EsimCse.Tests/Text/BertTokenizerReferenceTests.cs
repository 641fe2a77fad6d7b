using System.Text.Json;
using EsimCse.Core.Text;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Text;

/// <summary>The tokenizer on real vocabularies, recorded ids of Hugging Face's tokenizers and whole corpora.</summary>
public class BertTokenizerReferenceTests
{
    static readonly string[] Vocabularies =
        ["bert-base-uncased", "bert-base-cased", "bert-base-chinese", "bert-base-multilingual-cased"];

    [Theory]
    [InlineData("tokenize.jsonl", 1600)]
    [InlineData("tokenize-fuzz.jsonl", 12000)]
    public void Ids_equal_those_of_Hugging_Face(string file, int cases) => Compare(file, Vocabularies, cases);

    [Fact]
    public void Ids_of_RoBERTa_equal_those_of_Hugging_Face() =>
        Compare("tokenize-roberta.jsonl", ["roberta-base"], 400);

    static void Compare(string file, string[] vocabularies, int cases)
    {
        BertTokenizer[] tokenizers =
            [.. vocabularies.Select(name => BertTokenizer.Load(SharedData.Path("vocab", name)))];
        List<string> wrong = [];
        int compared = 0;
        foreach (string line in File.ReadLines(SharedData.Path("reference", file)))
        {
            using JsonDocument row = JsonDocument.Parse(line);
            string text = row.RootElement.GetProperty("text").GetString()!;
            for (int i = 0; i < vocabularies.Length; i++)
            {
                compared++;
                JsonElement recorded = row.RootElement.GetProperty(vocabularies[i]);
                int[] expected = [.. recorded.EnumerateArray().Select(id => id.GetInt32())];
                int[] actual = tokenizers[i].Encode(text);
                if (!expected.SequenceEqual(actual)) wrong.Add(Difference(vocabularies[i], text, actual, expected));
            }
        }
        Assert.Equal(cases, compared);
        string first = string.Join('\n', wrong.Take(5));
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {compared} differ, the first: {first}");
    }

    static string Difference(string vocabulary, string text, int[] actual, int[] expected)
    {
        string codePoints = string.Join(' ', text.EnumerateRunes().Select(rune => $"{rune.Value:X}"));
        string ids = $"found {string.Join(' ', actual)}, expected {string.Join(' ', expected)}";
        return $"{vocabulary}: {codePoints}: {ids}";
    }

    [Theory]
    [InlineData("wikipedia-en.txt.br", "bert-base-uncased", 375_618)]
    [InlineData("wikipedia-zh-hans.txt.br", "bert-base-chinese", 200_000)]
    public void Every_line_of_a_corpus_gives_valid_ids(string corpus, string vocabulary, int lines)
    {
        BertTokenizer tokenizer = BertTokenizer.Load(SharedData.Path("vocab", vocabulary));
        int count = 0;
        Parallel.ForEach(SentenceFile.ReadLines(SharedData.Path("corpus", corpus)), line =>
        {
            BertTokenizerTests.AssertValid(tokenizer, line, int.MaxValue);
            Interlocked.Increment(ref count);
        });
        Assert.Equal(lines, count);
    }
}
