using System.Text.Json;
using EsimCse.Core.Text;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Text;

public class TokenizerReferenceTests
{
    static readonly string[] Vocabularies = ["bert-base-uncased", "bert-base-cased", "bert-base-chinese", "bert-base-multilingual-cased"];

    [Theory]
    [InlineData("tokenize.jsonl", 1600)]
    [InlineData("tokenize-fuzz.jsonl", 12000)]
    public void Ids_equal_Hugging_Faces(string file, int cases)
    {
        BertTokenizer[] tokenizers = [.. Vocabularies.Select(name => BertTokenizer.Load(SharedData.Path("vocab", name)))];
        List<string> wrong = [];
        int compared = 0;
        foreach (string line in File.ReadLines(SharedData.Path("reference", file)))
        {
            using JsonDocument row = JsonDocument.Parse(line);
            string text = row.RootElement.GetProperty("text").GetString()!;
            for (int i = 0; i < Vocabularies.Length; i++, compared++)
            {
                int[] expected = [.. row.RootElement.GetProperty(Vocabularies[i]).EnumerateArray().Select(id => id.GetInt32())];
                int[] actual = tokenizers[i].Encode(text);
                if (!expected.SequenceEqual(actual))
                    wrong.Add($"{Vocabularies[i]}: {string.Join(' ', text.EnumerateRunes().Select(rune => $"{rune.Value:X}"))}: found {string.Join(' ', actual)}, expected {string.Join(' ', expected)}");
            }
        }
        Assert.Equal(cases, compared);
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {compared} differ, the first: {string.Join('\n', wrong.Take(5))}");
    }
}
