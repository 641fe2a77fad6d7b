using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Cuda;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>A sentence's attention depends neither on the other sentences nor on the number of warps.</summary>
public class AttentionPathTests
{
    const int Heads = 2;

    public static TheoryData<ElementType, int> OtherKernels => new()
    {
        { ElementType.Float32, 24 },
        { ElementType.BFloat16, 24 },
        { ElementType.BFloat16, 64 },
    };

    [Fact]
    public void A_gradient_has_the_same_bits_alone_and_with_other_sentences() =>
        CompareBatches(ElementType.BFloat16, 32, [1, 17, 64, 65]);

    [Theory]
    [MemberData(nameof(OtherKernels))]
    [InlineData(ElementType.BFloat16, 32)]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public void A_gradient_has_the_same_bits_alone_and_with_sentences_of_any_length(ElementType type, int size) =>
        CompareBatches(type, size, [1, 16, 17, 33, 64, 65, 129]);

    [Fact]
    public void Fewer_or_more_warps_change_no_bit() => CompareWarps(ElementType.BFloat16, 32);

    [Theory]
    [MemberData(nameof(OtherKernels))]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public void Fewer_or_more_warps_change_no_bit_in_the_other_kernels(ElementType type, int size) =>
        CompareWarps(type, size);

    [Theory]
    [InlineData(32)]
    [InlineData(64)]
    public void On_tensor_cores_gradients_of_short_sentences_do_not_read_the_context(int size)
    {
        using IBackend cuda = Backends.Create(Backends.Cuda);
        int[] lengths = [1, 17, 32, 33, 64];
        long[][] expected = Run(cuda, ElementType.BFloat16, size, lengths);
        Assert.Equal(expected, Run(cuda, ElementType.BFloat16, size, lengths, hasContext: false));
    }

    [Fact]
    public void Too_much_shared_memory_is_reported_with_both_numbers()
    {
        const int size = 24;
        const int longest = 1 << 20;
        using IBackend cuda = Backends.Create(Backends.Cuda);
        string message =
            Assert.Throws<DeviceException>(() => Run(cuda, ElementType.Float32, size, [5], longest)).Message;
        string[] parts =
        [
            "kernel attention_forward_f32",
            $"{(size + longest) * sizeof(float)} bytes",
            $"{CudaDevice.Open(0).SharedBytes}",
            "--max-length",
        ];
        Assert.All(parts, part => Assert.Contains(part, message, StringComparison.Ordinal));
        Assert.Equal(4 * 5 * Heads * size, Run(cuda, ElementType.Float32, size, [5])[0].Length);
    }

    static void CompareBatches(ElementType type, int size, int[] lengths)
    {
        using IBackend cuda = Backends.Create(Backends.Cuda);
        foreach (int n in lengths)
        {
            long[] first = Run(cuda, type, size, [n])[0];
            long[] second = Run(cuda, type, size, [1, n])[1];
            Assert.Equal(first, Run(cuda, type, size, [n, 130, 5])[0]);
            Assert.Equal(second, Run(cuda, type, size, [70, n, 16])[1]);
        }
    }

    /// <summary>
    /// Compares launches with other numbers of warps. On tensor cores a warp of a short sentence's block has 16 rows;
    /// in the other kernels there are as many warps as shared memory has room for. A longer longest sentence means more
    /// rows, or fewer warps.
    /// </summary>
    static void CompareWarps(ElementType type, int size)
    {
        using IBackend cuda = Backends.Create(Backends.Cuda);
        Assert.Equal(Run(cuda, type, size, [5, 16, 33]), Run(cuda, type, size, [5, 16, 33], longest: 64));
        Assert.Equal(Run(cuda, type, size, [5, 70, 33]), Run(cuda, type, size, [5, 70, 33], longest: 20000));
    }

    /// <summary>
    /// Returns the bits of each sentence's context and gradient, with dropout. The values of sentence i depend on i and
    /// on its length alone. Without a context the gradient is computed from NaN in its place.
    /// </summary>
    static long[][] Run(
        IBackend cuda, ElementType type, int size, int[] lengths, int? longest = null, bool hasContext = true)
    {
        int hidden = Heads * size;
        int tokens = lengths.Sum();
        using DeviceBatch onDevice = new(cuda, lengths);
        PackedBatch batch = onDevice.Batch with { LongestSentence = longest ?? lengths.Max() };
        DropoutMask mask = onDevice.Mask(0.2f, 2);
        using GuardedMatrix qkv = new(cuda, tokens, 3 * hidden, Rows(3 * hidden, 1), type);
        using GuardedMatrix dcontext = new(cuda, tokens, hidden, Rows(hidden, 101), type);
        using GuardedMatrix context = new(cuda, tokens, hidden, type);
        using GuardedMatrix noContext = new(cuda, tokens, hidden, type);
        using GuardedMatrix logSumExp = new(cuda, Heads, tokens);
        using GuardedMatrix dqkv = new(cuda, tokens, 3 * hidden, type);
        cuda.AttentionForward(qkv, batch, Heads, mask, context, logSumExp);
        Matrix saved = hasContext ? context : noContext;
        cuda.AttentionBackward(dcontext, qkv, saved, logSumExp, batch, Heads, mask, dqkv, default);
        double[] contexts = context.Values;
        double[] gradients = dqkv.Values;
        return [.. lengths.Index().Select(sentence => Bits(sentence.Index))];

        double[] Rows(int width, int seed) => [.. lengths.SelectMany((n, i) => Numbers.Normal(n * width, seed + i))];

        long[] Bits(int i)
        {
            int first = onDevice.Offsets[i];
            int end = onDevice.Offsets[i + 1];
            double[] context = contexts[(first * hidden)..(end * hidden)];
            double[] gradient = gradients[(first * 3 * hidden)..(end * 3 * hidden)];
            return [.. context.Concat(gradient).Select(BitConverter.DoubleToInt64Bits)];
        }
    }
}
