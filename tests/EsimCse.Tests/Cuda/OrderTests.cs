using System.Runtime.InteropServices;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>Sums over rows have one order, whatever the order in which a device runs threads and blocks.</summary>
public class OrderTests
{
    static readonly int[] Lengths = [40, 3, 70, 1, 55, 130];

    public static TheoryData<ElementType, int> Cases => new(from type in new[] { ElementType.Float32, ElementType.BFloat16 } from width in new[] { 72, 768, 4104 } select (type, width));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Parameters_gradients_have_the_same_bits(ElementType type, int width)
    {
        byte[]? first = null;
        foreach (uint seed in new uint[] { 1, 2, 3 })
        {
            using IBackend cuda = Backends.Create(Backends.Cuda);
            SoftCuda.Seed(seed);
            byte[] gradients = Gradients(cuda, type, width);
            first ??= gradients;
            Assert.True(first.AsSpan().SequenceEqual(gradients), $"seed {seed}");
        }
    }

    static byte[] Gradients(IBackend cuda, ElementType type, int width)
    {
        using DeviceBatch batch = new(cuda, Lengths, vocabulary: 3);
        int rows = batch.Batch.Tokens;
        GuardedMatrix Stored(int seed) => new(cuda, rows, width, Numbers.Normal(rows * width, seed), type);
        GuardedMatrix Sum(int count) => new(cuda, count, width, new double[count * width]);
        using GuardedMatrix dy = Stored(1), normalized = Stored(2), rstd = new(cuda, 1, rows, Numbers.Normal(rows, 3)), gamma = new(cuda, 1, width, Numbers.Normal(width, 4)), dz = new(cuda, rows, width, type), dx = new(cuda, rows, width, type);
        using GuardedMatrix dbias = Sum(1), dgamma = Sum(1), dbeta = Sum(1), linear = Sum(1), words = Sum(3), positions = Sum(Lengths.Max()), types = Sum(2), x = new(cuda, rows, 8, Numbers.Normal(rows * 8, 5), type), dw = new(cuda, width, 8, new double[width * 8]);
        cuda.LayerNormBackward(dy, normalized, rstd, batch.Batch.Offsets, batch.Mask(0.2f, Lengths.Length), gamma, dz, dx, dbias, dgamma, dbeta);
        cuda.LinearBackwardWeight(dy, x, dw, linear);
        cuda.EmbeddingBackward(dy, batch.Batch, words, positions, types);
        return [.. new[] { dbias, dgamma, dbeta, linear, words, positions, types }.SelectMany(sum => MemoryMarshal.AsBytes<float>(sum.Floats).ToArray())];
    }
}
