using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Cpu;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Model;

public class EmbedderTests
{
    const int BatchTokens = 64, Batches = 12;

    /// <summary>The part of a batch's time that the device may be idle before the next.</summary>
    const double AllowedGap = 0.05;

    /// <summary>The parts of a batch's time in which the host packs the next one, and uses the vectors.</summary>
    const double PackingTime = 0.3, UseTime = 0.4;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_device_has_no_gap_between_batches_that_are_not_urgent(bool isUrgent)
    {
        using SimulatedDevice device = new(BatchTokens);
        using BertParameters bert = BertParameters.Random(device, SmallModel.Config, head: true, seed: 3);
        using Embedder embedder = new(device, bert.Config, Pooler.Cls);
        int[][] sentences = [.. Enumerable.Repeat<int[]>([2, 5, 6, 7, 8, 9, 10, 3], BatchTokens / 8 * Batches)];
        double start = device.DeviceTime;
        embedder.Embed(bert.Weights, sentences[..(BatchTokens / 8)]);
        double batchTime = device.DeviceTime - start;

        int arrived = 0;
        foreach (float[] vectors in embedder.Embed(bert.Weights, embedder.Pack(sentences).Select(Delay)))
        {
            Assert.Equal(BatchTokens / 8 * embedder.Width, vectors.Length);
            if (arrived++ == 0) device.LongestGap = 0;
            device.SpendHostTime(UseTime * batchTime);
        }
        Assert.Equal(Batches, arrived);
        double gap = device.LongestGap / batchTime;
        if (isUrgent) Assert.InRange(gap, PackingTime + UseTime, 1);
        else Assert.InRange(gap, 0, AllowedGap);

        HostBatch Delay(HostBatch batch)
        {
            device.SpendHostTime(PackingTime * batchTime);
            return batch with { IsUrgent = isUrgent };
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Vectors_have_the_same_bits_on_any_number_of_threads(bool isFrozen)
    {
        Random random = new(1);
        int[][] sentences = [.. Enumerable.Range(0, 60).Select(_ => RandomSentence(random))];
        float[]? expected = null;
        foreach (int threads in new[] { 1, 2, 5 })
        {
            using CpuBackend backend = new(threads);
            using BertParameters bert = BertParameters.Random(backend, SmallModel.Config, head: true, seed: 3);
            using Embedder embedder = new(backend, bert.Config, Pooler.Avg);
            using IDisposable? frozen = isFrozen ? embedder.FreezeWeights(bert.Weights) : null;
            float[] vectors = embedder.Embed(bert.Weights, sentences);
            expected ??= vectors;
            Assert.Equal(expected, vectors);
            float[] alone = embedder.Embed(bert.Weights, [sentences[0]]);
            Assert.Equal(expected[..embedder.Width], alone);
        }

        static int[] RandomSentence(Random random) =>
            [2, .. Enumerable.Range(0, random.Next(30)).Select(_ => random.Next(4, 20)), 3];
    }

    [Fact]
    public void Vectors_left_unread_leave_the_threads_ready_for_others()
    {
        using CpuBackend backend = new(3);
        using BertParameters bert = BertParameters.Random(backend, SmallModel.Config, head: true, seed: 3);
        using Embedder embedder = new(backend, bert.Config, Pooler.Cls);
        int[][] sentences = [.. Enumerable.Repeat<int[]>([2, 5, 6, 7, 8, 9, 10, 3], 400)];
        float[] first = embedder.Embed(bert.Weights, embedder.Pack(sentences)).First();
        Assert.Equal(first, embedder.Embed(bert.Weights, sentences)[..first.Length]);
        using CancellationTokenSource cancelled = new();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => embedder.Embed(bert.Weights, sentences, cancelled.Token));
    }

    [Fact]
    public void Vectors_of_batches_before_an_error_of_the_next_come_first()
    {
        using SimulatedDevice device = new(BatchTokens);
        using BertParameters bert = BertParameters.Random(device, SmallModel.Config, head: true, seed: 3);
        using Embedder embedder = new(device, bert.Config, Pooler.Cls);
        List<float[]> arrived = [];
        Assert.Equal("the third", Assert.Throws<InvalidDataException>(() =>
        {
            foreach (float[] vectors in embedder.Embed(bert.Weights, Fail())) arrived.Add(vectors);
        }).Message);
        Assert.Equal(2, arrived.Count);

        IEnumerable<HostBatch> Fail()
        {
            yield return embedder.Pack([[2, 5, 3]]).Single();
            yield return embedder.Pack([[2, 6, 3]]).Single();
            throw new InvalidDataException("the third");
        }
    }
}
