using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Cuda;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>Which kernel takes a sentence, and with how many warps, is a matter of the launch: a sentence's gradient is its own.</summary>
public class AttentionPathTests
{
    const int Heads = 2;

    public static TheoryData<ElementType, int> Kinds => new() { { ElementType.Float32, 24 }, { ElementType.BFloat16, 24 }, { ElementType.BFloat16, 32 }, { ElementType.BFloat16, 64 } };

    /// <summary>The bits of each sentence's context and gradient, with dropout; what sentence i holds is a matter of i and of its length.</summary>
    static long[][] Run(IBackend cuda, ElementType type, int size, int[] lengths, int? longest = null)
    {
        int hidden = Heads * size, tokens = lengths.Sum();
        using DeviceBatch lengthsOnDevice = new(cuda, lengths);
        PackedBatch batch = lengthsOnDevice.Batch with { LongestSentence = longest ?? lengths.Max() };
        double[] Rows(int width, int seed) => [.. lengths.SelectMany((n, i) => Numbers.Normal(n * width, seed + i))];
        using GuardedMatrix qkv = new(cuda, tokens, 3 * hidden, Rows(3 * hidden, 1), type), slopes = new(cuda, tokens, hidden, Rows(hidden, 101), type);
        using GuardedMatrix context = new(cuda, tokens, hidden, type), statistics = new(cuda, Heads, tokens), dqkv = new(cuda, tokens, 3 * hidden, type);
        DropoutMask mask = lengthsOnDevice.Mask(0.2f, 2);
        cuda.AttentionForward(qkv, batch, Heads, mask, context, statistics);
        cuda.AttentionBackward(slopes, qkv, context, statistics, batch, Heads, mask, dqkv);
        (double[] contexts, double[] gradients, int[] offsets) = (context.Values, dqkv.Values, lengthsOnDevice.Offsets);
        double[] Of(int i) => [.. contexts[(offsets[i] * hidden)..(offsets[i + 1] * hidden)], .. gradients[(offsets[i] * 3 * hidden)..(offsets[i + 1] * 3 * hidden)]];
        return [.. lengths.Select((_, i) => (long[])[.. Of(i).Select(BitConverter.DoubleToInt64Bits)])];
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_gradient_has_the_same_bits_alone_and_beside_shorter_and_longer_sentences(ElementType type, int size)
    {
        using IBackend cuda = Backends.Create(Backends.Cuda);
        foreach (int n in new[] { 1, 16, 17, 33, 64, 65, 129 })
        {
            long[] alone = Run(cuda, type, size, [n])[0], second = Run(cuda, type, size, [1, n])[1];
            Assert.Equal(alone, Run(cuda, type, size, [n, 130, 5])[0]);
            Assert.Equal(second, Run(cuda, type, size, [70, n, 16])[1]);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Fewer_or_more_warps_change_no_bit(ElementType type, int size)
    {
        using IBackend cuda = Backends.Create(Backends.Cuda);
        // On tensor cores a warp of a short sentence's block has 16 rows; elsewhere there are as many as shared memory has room for.
        Assert.Equal(Run(cuda, type, size, [5, 16, 33]), Run(cuda, type, size, [5, 16, 33], longest: 64));
        Assert.Equal(Run(cuda, type, size, [5, 70, 33]), Run(cuda, type, size, [5, 70, 33], longest: 20000));
    }

    [Fact]
    public void More_shared_memory_than_there_is_is_said_with_both_numbers()
    {
        using IBackend cuda = Backends.Create(Backends.Cuda);
        (int size, int longest) = (24, 1 << 20);
        string message = Assert.Throws<DeviceException>(() => Run(cuda, ElementType.Float32, size, [5], longest)).Message;
        Assert.All(["kernel attention_forward_f32", $"{(size + longest) * sizeof(float)} bytes", $"{CudaDevice.Open(0).SharedBytes}", "--max-length"], part => Assert.Contains(part, message, StringComparison.Ordinal));
        Assert.Equal(4 * 5 * Heads * size, Run(cuda, ElementType.Float32, size, [5])[0].Length);
    }
}
