using System.Text;
using EsimCse.Core.Text;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Text;

/// <summary>Whatever the text, tokenizing gives ids and no exception.</summary>
public class CorpusTokenizingTests
{
    static void Check(BertTokenizer tokenizer, string text, int maxLength)
    {
        List<int> ids = [];
        bool cut = tokenizer.Encode(text, maxLength, ids);
        bool sound = ids.Count >= 2 && ids.Count <= maxLength && ids[0] == tokenizer.ClsId && ids[^1] == tokenizer.SepId && (!cut || ids.Count == maxLength);
        foreach (int id in ids) sound &= id >= 0 && id < tokenizer.VocabularySize;
        Assert.True(sound, $"{text}: {string.Join(' ', ids)}");
    }

    [Theory]
    [InlineData("wikipedia-en.txt.br", "bert-base-uncased", 375_618)]
    [InlineData("wikipedia-zh-hans.txt.br", "bert-base-chinese", 200_000)]
    public void A_whole_corpus_is_tokenized(string corpus, string vocabulary, int lines)
    {
        BertTokenizer tokenizer = BertTokenizer.Load(SharedData.Path("vocab", vocabulary));
        int count = 0;
        Parallel.ForEach(SentenceFile.ReadLines(SharedData.Path("corpus", corpus)), line =>
        {
            Check(tokenizer, line, int.MaxValue);
            Interlocked.Increment(ref count);
        });
        Assert.Equal(lines, count);
    }

    [Fact]
    public void Any_characters_are_tokenized_broken_surrogates_included()
    {
        using SmallModel small = new();
        BertTokenizer tokenizer = BertTokenizer.Load(small.Folder);
        Random random = new(11);
        StringBuilder text = new();
        for (int round = 0; round < 20_000; round++)
        {
            text.Clear();
            for (int i = random.Next(0, 40); i > 0; i--)
                if (random.Next(4) == 0) text.Append((char)random.Next(0x10000));
                else if (random.Next(3) == 0) text.Append(new[] { "[CLS]", "[MASK", "]", "[[SEP]]", "cat", "cats", "\0", "\u200D", "e\u0301", "ẞ", "İ" }[random.Next(11)]);
                else text.Append((char)random.Next(32, 127));
            Check(tokenizer, text.ToString(), random.Next(2, 50));
        }
        Check(tokenizer, new string('x', 2_000_000), 512);
        Check(tokenizer, string.Concat(Enumerable.Repeat("cat ", 500_000)), 512);
    }
}
