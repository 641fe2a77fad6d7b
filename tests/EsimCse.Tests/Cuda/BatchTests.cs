using System.Runtime.InteropServices;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>A sentence's vector does not depend on its company.</summary>
public class BatchTests
{
    const int Longest = 512, Budget = 16384;

    static BertConfig Config(string folder)
    {
        string file = Path.Combine(folder, "long.json");
        File.WriteAllText(file, """
            {"model_type":"bert","vocab_size":50,"hidden_size":64,"num_hidden_layers":2,"num_attention_heads":2,"intermediate_size":64,"max_position_embeddings":512,"type_vocab_size":2,"hidden_act":"gelu"}
            """);
        return BertConfig.Read(file);
    }

    /// <summary>Every length on a GPU; in software every one to 70, and those around the edges of tiles beyond.</summary>
    static int[] Lengths(bool all) => [.. Enumerable.Range(1, Longest).Where(n => all || n <= 70 || n % 64 is 0 or 1 or 63 && n % 3 != 1 || n == 300)];

    [Theory]
    [InlineData(ElementType.Float32)]
    [InlineData(ElementType.BFloat16)]
    [InlineData(ElementType.Float16)]
    public void A_vector_has_the_same_bits_alone_and_in_batches_of_any_size(ElementType type)
    {
        using SmallModel small = new();
        using IBackend cuda = Backends.Create(Backends.Cuda);
        bool all = !cuda.Name.Contains("SoftCuda", StringComparison.Ordinal);
        Random random = new(6);
        int[] lengths = Lengths(all);
        int[][] sentences = [.. lengths.Concat(Enumerable.Repeat(9, (Budget - lengths.Sum() % Budget) / 9)).Select(n => (int[])[.. Enumerable.Range(0, n).Select(_ => random.Next(50))])];
        using BertParameters bert = BertParameters.Random(cuda, Config(small.Folder), head: true, seed: 3, type);
        foreach (Pooler pooler in all ? Pooler.All : [Pooler.Avg, Pooler.Cls])
        {
            using Embedder embedder = new(cuda, bert.Config, pooler);
            // The first call fills batches of 16 384 tokens: its budget.
            float[] together = embedder.Embed(bert.Weights, sentences);
            for (int i = 0; i < lengths.Length; i += all ? 1 : 6)
                Assert.True(Bits(together, i).SequenceEqual(Bits(embedder.Embed(bert.Weights, [sentences[i]]), 0)), $"{pooler}: {lengths[i]} tokens alone");
            foreach (int count in new[] { 2, 17, 60 })
            {
                float[] some = embedder.Embed(bert.Weights, [.. sentences[..count].Reverse()]);
                for (int i = 0; i < count; i++) Assert.True(Bits(together, i).SequenceEqual(Bits(some, count - 1 - i)), $"{pooler}: {lengths[i]} tokens among {count} sentences");
            }
        }
    }

    static ReadOnlySpan<uint> Bits(float[] vectors, int row) => MemoryMarshal.Cast<float, uint>(vectors.AsSpan(row * 64, 64));

    /// <summary>What an operation's own test sees of a mistake in its launch: two arguments of one type swapped, a grid that leaves rows out.</summary>
    [Fact]
    public void Swapped_arguments_and_a_short_grid_show_in_an_operations_own_test()
    {
        using IBackend backend = Backends.Create(Backends.Cuda);
        (int m, int n) = (7, 64);
        double[] x = Numbers.Normal(m * n, 1), dy = Numbers.Normal(m * n, 2), expected = Gelu.Forward(x);
        using GuardedMatrix gx = new(backend, m, n, x), gdy = new(backend, m, n, dy), y = new(backend, m, n), dx = new(backend, m, n), swapped = new(backend, m, n);
        backend.GeluForward(gx.Matrix.Slice(0, m - 1), y.Matrix.Slice(0, m - 1));
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => Tolerance.Elementwise.Check(expected, y.Values));
        backend.GeluForward(gx, y);
        Tolerance.Elementwise.Check(expected, y.Values);
        backend.GeluBackward(gdy, gx, dx);
        backend.GeluBackward(gx, gdy, swapped);
        double[] slopes = FiniteDifference.Gradient(x, dy, Gelu.Forward);
        Tolerance close = new(1e-5, 1e-5, "fp32, against central differences in double");
        close.Check(slopes, dx.Values);
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => close.Check(slopes, swapped.Values));
    }
}
