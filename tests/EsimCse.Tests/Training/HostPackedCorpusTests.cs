using EsimCse.Core.Backend;
using EsimCse.Core.Training;
using EsimCse.Cpu;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Training;

public class HostPackedCorpusTests
{
    [Fact]
    public void A_batch_holds_the_anchors_and_then_their_positives()
    {
        using CpuBackend backend = new(1);
        using SmallTraining training = new(backend, Augmentation.Subword, steps: 9);
        using HostPackedCorpus corpus = new(backend, training.Corpus, training.Positives, SmallTraining.BatchSize);
        for (int step = 1; step <= 9; step++)
        {
            corpus.SetEpochOrder(training.OrderOf(step));
            TrainingBatch batch = corpus.Reserve(step, 0, corpus.CountRows(step));
            (int[][] anchors, int[][] positives) = training.BatchOf(step);
            int[][] sentences = [.. anchors, .. positives];
            int[] ids = new int[sentences.Sum(sentence => sentence.Length)];
            backend.Download(batch.Views.Ids, ids.AsSpan());
            Assert.Equal(sentences.SelectMany(sentence => sentence), ids);
            Assert.Equal(sentences.Length, batch.Views.Sentences);
            Assert.Equal(anchors.Sum(anchor => anchor.Length), batch.AnchorTokens);
            Assert.Equal(anchors.Max(anchor => anchor.Length), batch.LongestAnchor);
        }
    }
}
