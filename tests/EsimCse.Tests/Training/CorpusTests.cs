using EsimCse.Core.Text;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Training;

public class CorpusTests
{
    static Corpus From(SmallModel small, params string[] sentences) =>
        Corpus.From(sentences, BertTokenizer.Load(small.Folder), maxLength: 4);

    [Fact]
    public void Empty_lines_are_skipped_and_long_sentences_truncated()
    {
        using SmallModel small = new();
        Corpus corpus = From(small, "the cat", " ", "the cat sees a dog");
        Assert.Equal((2, 1L, 1L), (corpus.Count, corpus.Empty, corpus.Truncated));
        Assert.Equal([2, 5, 7, 3], corpus[0].Ids);
        Assert.Equal([2, 5, 7, 3], corpus[1].Ids);
        Assert.Equal((0u, 2u), (corpus[0].Line, corpus[1].Line));
    }

    [Fact]
    public void The_digest_depends_on_sentences_and_lines()
    {
        using SmallModel small = new();
        string[] digests =
        [
            From(small, "the cat", "a dog").Digest(),
            From(small, "the cat", "", "a dog").Digest(),
            From(small, "a dog", "the cat").Digest(),
        ];
        Assert.Equal(3, digests.Distinct().Count());
        Assert.Equal(digests[0], From(small, "the cat", "a dog").Digest());
    }

    [Fact]
    public void Batches_of_an_epoch_cover_every_sentence_once()
    {
        using SmallModel small = new();
        Corpus corpus = From(small, "a", "cat", "dog", "bird", "the");
        int[] order = corpus.Order(seed: 1, epoch: 0, shuffle: true);
        List<int> sentences = [];
        for (int step = 1; step <= corpus.Batches(2); step++) sentences.AddRange(corpus.BatchOfStep(order, step, 2));
        Assert.Equal([0, 1, 2, 3, 4], sentences.Order());
        Assert.Equal(corpus.BatchOfStep(order, 1, 2), corpus.BatchOfStep(order, 4, 2));
        Assert.NotEqual(order, corpus.Order(seed: 1, epoch: 1, shuffle: true));
        Assert.Equal([0, 1, 2, 3, 4], corpus.Order(seed: 1, epoch: 0, shuffle: false));
    }
}
