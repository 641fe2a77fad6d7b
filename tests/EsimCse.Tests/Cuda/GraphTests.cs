using System.Runtime.InteropServices;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Training;
using EsimCse.Cuda;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>Recorded graphs, the second stream and the rows that fill up a batch change no bit.</summary>
public class GraphTests
{
    const int Steps = 9;

    static byte[] Train(bool graphs, bool streams, ElementType type, uint seed = 1)
    {
        Backends.RequireCuda();
        using SmallModel small = new();
        using CudaBackend cuda = new() { UsesGraphs = graphs, UsesTwoStreams = streams };
        if (cuda.Name.Contains("SoftCuda", StringComparison.Ordinal)) SoftCuda.Seed(seed);
        using BertParameters bert = BertParameters.Random(cuda, BertConfig.Read(small.In("config.json")), head: true, seed: 3, type, gap: 24);
        using TrainingStep step = new(bert, new() { QueueSize = 20, LearningRate = 1e-3f, Dropout = 0.1f, Momentum = 0.9f }, 12);
        Random random = new(8);
        int[] Sentence() => [2, .. Enumerable.Range(0, random.Next(0, 20)).Select(_ => random.Next(5, 20)), 3];
        List<byte> all = [];
        for (int k = 0; k < Steps; k++)
        {
            // Of three sizes, among them one that takes more rows than the first: memory moves under the recordings.
            int[][] originals = [.. Enumerable.Range(0, k % 3 == 2 ? 24 : k % 3 == 1 ? 3 : 7).Select(_ => Sentence())];
            step.Run(originals, [.. originals.Select(ids => ids.Length > 3 ? (int[])[.. ids[..2], .. ids[1..]] : ids)]);
            all.AddRange(BitConverter.GetBytes(step.Read().Loss));
        }
        foreach ((_, Matrix matrix) in step.State)
        {
            byte[] bytes = new byte[matrix.Bytes];
            cuda.Download(matrix, bytes.AsSpan());
            all.AddRange(bytes);
        }
        return [.. all];
    }

    [Theory]
    [InlineData(ElementType.Float32)]
    [InlineData(ElementType.BFloat16)]
    public void Graphs_and_streams_change_no_bit(ElementType type)
    {
        byte[] expected = Train(graphs: false, streams: false, type);
        Assert.True(expected.AsSpan().SequenceEqual(Train(graphs: true, streams: false, type)), "graphs");
        Assert.True(expected.AsSpan().SequenceEqual(Train(graphs: false, streams: true, type)), "two streams");
        foreach (uint seed in new uint[] { 1, 2, 3 })
            Assert.True(expected.AsSpan().SequenceEqual(Train(graphs: true, streams: true, type, seed)), $"graphs and two streams, seed {seed}");
    }

    [Fact]
    public void Work_beside_that_is_not_waited_for_shows()
    {
        using CudaBackend cuda = (CudaBackend)Backends.Create(Backends.Cuda);
        Assert.SkipUnless(cuda.Name.Contains("SoftCuda", StringComparison.Ordinal), "only the software device interleaves streams by chance");
        using GuardedMatrix source = new(cuda, 1, 8, Numbers.Normal(8, 1)), target = new(cuda, 1, 8);
        float[] Run(uint seed, bool join)
        {
            SoftCuda.Seed(seed);
            cuda.Upload<float>(new float[8], target);
            cuda.RunOnSideStream(() => cuda.Copy(source, target));
            if (join) cuda.WaitForSideStream();
            float[] seen = target.Floats;
            cuda.WaitForSideStream();
            return seen;
        }
        uint[] seeds = [.. Enumerable.Range(1, 12).Select(seed => (uint)seed)];
        Assert.All(seeds, seed => Assert.Equal(source.Floats, Run(seed, join: true)));
        Assert.Contains(seeds, seed => !Run(seed, join: false).SequenceEqual(source.Floats));
    }

    [Fact]
    public void A_failure_while_recording_is_said_and_the_next_work_runs()
    {
        using CudaBackend cuda = (CudaBackend)Backends.Create(Backends.Cuda);
        using GuardedMatrix x = new(cuda, 1, 8, Numbers.Normal(8, 1)), y = new(cuda, 1, 8);
        GraphKey key = new(this, "part", 1, 1, 1, 0, 0);
        cuda.RunGraph(key, () => cuda.TanhForward(x, y));
        Assert.Throws<InvalidOperationException>(() => cuda.RunGraph(key, () => throw new InvalidOperationException()));
        cuda.RunGraph(key, () => cuda.TanhForward(x, y));
        cuda.RunGraph(key, () => throw new InvalidOperationException("a recording is replayed, not run"));
        Assert.Equal(MathF.Tanh(x.Floats[0]), y.Floats[0], 1e-6f);
        Assert.Equal(8, MemoryMarshal.Cast<float, uint>(y.Floats).Length);
    }

    [Theory]
    [InlineData(ElementType.Float32)]
    [InlineData(ElementType.BFloat16)]
    public void Rows_that_belong_to_no_sentence_are_finite_and_their_gradients_zero(ElementType type)
    {
        using IBackend cuda = Backends.Create(Backends.Cuda);
        using DeviceBatch lengths = new(cuda, [3, 1, 6, 2]);
        const int used = 12, rows = 29, hidden = 32;
        PackedBatch batch = lengths.Batch with { Tokens = rows };
        DropoutMask mask = lengths.Mask(0.2f, 2);
        using GuardedMatrix qkv = new(cuda, rows, 3 * hidden, Numbers.Normal(rows * 3 * hidden, 1), type), context = new(cuda, rows, hidden, type), statistics = new(cuda, 2, rows), dqkv = new(cuda, rows, 3 * hidden, type);
        using GuardedMatrix q = new(cuda, 4, hidden, Numbers.Normal(4 * hidden, 2), type), kv = new(cuda, rows, 2 * hidden, Numbers.Normal(rows * 2 * hidden, 3), type), first = new(cuda, 4, hidden, type), firstStatistics = new(cuda, 2, 4);
        using GuardedMatrix dq = new(cuda, 4, hidden, type), dkv = new(cuda, rows, 2 * hidden, type), dmean = new(cuda, 4, hidden, Numbers.Normal(4 * hidden, 4)), dx = new(cuda, rows, hidden, type);
        cuda.AttentionForward(qkv, batch, 2, mask, context, statistics);
        cuda.AttentionBackward(context, qkv, context, statistics, batch, 2, mask, dqkv);
        cuda.ClsAttentionForward(q, kv, batch, 2, mask, first, firstStatistics);
        cuda.ClsAttentionBackward(first, q, kv, first, firstStatistics, batch, 2, mask, dq, dkv);
        cuda.MeanPoolingBackward(dmean, batch, 1, accumulate: false, dx);
        foreach (GuardedMatrix result in new[] { context, dqkv, dkv, dx })
        {
            int columns = result.Matrix.Columns;
            Assert.All(result.Values[..(used * columns)], value => Assert.True(double.IsFinite(value)));
            Assert.All(result.Values[(used * columns)..], value => Assert.Equal(0, value));
        }
    }
}
