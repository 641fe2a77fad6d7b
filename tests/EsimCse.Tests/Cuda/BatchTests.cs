using System.Runtime.InteropServices;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>A sentence's vector does not depend on its batch.</summary>
public class BatchTests
{
    const int Longest = 512;
    const int TokenBudget = 16384;
    const int Vocabulary = 50;

    static readonly BertConfig Config = new()
    {
        VocabularySize = Vocabulary,
        HiddenSize = 64,
        Layers = 2,
        Heads = 2,
        IntermediateSize = 64,
        MaxPositions = Longest,
    };

    [Fact]
    public void A_vector_has_the_same_bits_alone_and_in_a_batch() =>
        CompareBatches(ElementType.BFloat16, [Pooler.Avg], [1, 2, 15, 16, 17, 63, 64, 65, 130], fill: 0);

    [Theory]
    [InlineData(ElementType.Float32)]
    [InlineData(ElementType.BFloat16)]
    [InlineData(ElementType.Float16)]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public void A_vector_has_the_same_bits_alone_and_in_batches_of_any_size(ElementType type)
    {
        Backends.RequireCuda();
        using IBackend cuda = Backends.Create(Backends.Cuda);
        bool all = !SoftCuda.IsDeviceOf(cuda);
        int[] lengths = [.. Enumerable.Range(1, Longest).Where(n => all || IsNearTileEdge(n))];
        IReadOnlyList<Pooler> poolers = all ? Pooler.All : [Pooler.Avg, Pooler.Cls];
        // Sentences of nine tokens fill the first call up to the budget of a batch.
        int fill = (TokenBudget - lengths.Sum() % TokenBudget) / 9;
        CompareBatches(type, poolers, lengths, fill, alone: all ? 1 : 6);

        static bool IsNearTileEdge(int n) => n <= 70 || (n % 64 is 0 or 1 or 63 && n % 3 != 1) || n == 300;
    }

    [Fact]
    public void Swapped_arguments_and_a_short_grid_show_in_an_operations_own_test()
    {
        const int rows = 7;
        const int columns = 64;
        using IBackend backend = Backends.Create(Backends.Cuda);
        double[] x = Numbers.Normal(rows * columns, 1);
        double[] dy = Numbers.Normal(rows * columns, 2);
        double[] expected = Forward(x);
        using GuardedMatrix gx = new(backend, rows, columns, x);
        using GuardedMatrix gdy = new(backend, rows, columns, dy);
        using GuardedMatrix y = new(backend, rows, columns);
        using GuardedMatrix dx = new(backend, rows, columns);
        using GuardedMatrix swapped = new(backend, rows, columns);
        backend.ActivationForward(gx.Matrix.Slice(0, rows - 1), Activation.Gelu, y.Matrix.Slice(0, rows - 1));
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => Tolerance.Elementwise.Check(expected, y.Values));
        backend.ActivationForward(gx, Activation.Gelu, y);
        Tolerance.Elementwise.Check(expected, y.Values);

        backend.ActivationBackward(gdy, gx, Activation.Gelu, dx, default);
        backend.ActivationBackward(gx, gdy, Activation.Gelu, swapped, default);
        double[] gradient = FiniteDifference.Gradient(x, dy, Forward);
        Tolerance close = new(1e-5, 1e-5, "fp32, against central differences in double");
        close.Check(gradient, dx.Values);
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => close.Check(gradient, swapped.Values));

        static double[] Forward(double[] x) => Reference.Activation.Forward(x, Activation.Gelu);
    }

    /// <summary>Compares each vector of a batch with the one of the sentence alone and of smaller batches.</summary>
    static void CompareBatches(ElementType type, IEnumerable<Pooler> poolers, int[] lengths, int fill, int alone = 1)
    {
        using IBackend cuda = Backends.Create(Backends.Cuda);
        Random random = new(6);
        int[][] sentences =
        [
            .. from n in lengths.Concat(Enumerable.Repeat(9, fill))
               select (int[])[.. Enumerable.Range(0, n).Select(_ => random.Next(Vocabulary))],
        ];
        using BertParameters bert = BertParameters.Random(cuda, Config, head: true, seed: 3, type);
        foreach (Pooler pooler in poolers)
        {
            using Embedder embedder = new(cuda, bert.Config, pooler);
            float[] together = embedder.Embed(bert.Weights, sentences);
            for (int i = 0; i < lengths.Length; i += alone)
            {
                float[] vector = embedder.Embed(bert.Weights, [sentences[i]]);
                AssertSameBits(together, i, vector, 0, $"{pooler}: {lengths[i]} tokens alone");
            }
            foreach (int count in new[] { 2, 17, 60 }.Where(count => count <= sentences.Length))
            {
                float[] some = embedder.Embed(bert.Weights, [.. sentences[..count].Reverse()]);
                for (int i = 0; i < count; i++)
                    AssertSameBits(together, i, some, count - 1 - i, $"{pooler}: sentence {i} among {count}");
            }
        }
    }

    static void AssertSameBits(float[] expected, int row, float[] actual, int actualRow, string what) =>
        Assert.True(Bits(expected, row).SequenceEqual(Bits(actual, actualRow)), what);

    static ReadOnlySpan<uint> Bits(float[] vectors, int row) =>
        MemoryMarshal.Cast<float, uint>(vectors.AsSpan(row * Config.HiddenSize, Config.HiddenSize));
}
