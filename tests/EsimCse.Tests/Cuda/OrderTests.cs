using System.Runtime.InteropServices;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>Sums over rows have one order, whatever the order in which a device runs threads and blocks.</summary>
[Collection("cuda")]
public class OrderTests
{
    static readonly int[] Lengths = [40, 3, 70, 1, 55, 130];

    public static MatrixTheoryData<ElementType, int> Cases =>
        new([ElementType.Float32, ElementType.BFloat16], [72, 768, 4104]);

    [Fact]
    public void Gradients_of_parameters_have_the_same_bits() => Compare(ElementType.BFloat16, 72);

    [Theory]
    [MemberData(nameof(Cases))]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public void Gradients_of_parameters_have_the_same_bits_at_every_width(ElementType type, int width) =>
        Compare(type, width);

    static void Compare(ElementType type, int width)
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
        using GuardedMatrix dy = Rows(1);
        using GuardedMatrix normalized = Rows(2);
        using GuardedMatrix rstd = new(cuda, 1, rows, Numbers.Normal(rows, 3));
        using GuardedMatrix gamma = new(cuda, 1, width, Numbers.Normal(width, 4));
        using GuardedMatrix dz = new(cuda, rows, width, type);
        using GuardedMatrix dx = new(cuda, rows, width, type);
        using GuardedMatrix dbias = Sum(1);
        using GuardedMatrix dgamma = Sum(1);
        using GuardedMatrix dbeta = Sum(1);
        DropoutMask mask = batch.Mask(0.2f, Lengths.Length);
        cuda.LayerNormBackward(
            dy, normalized, rstd, batch.Batch.Offsets, mask, gamma, dz, dx, dbias, dgamma, dbeta);

        using GuardedMatrix x = new(cuda, rows, 8, Numbers.Normal(rows * 8, 5), type);
        using GuardedMatrix dw = new(cuda, width, 8, new double[width * 8]);
        using GuardedMatrix linear = Sum(1);
        cuda.LinearBackwardWeight(dy.Matrix, x.Matrix, accumulate: true, dw.Matrix, linear.Matrix);

        using GuardedMatrix words = Sum(3);
        using GuardedMatrix positions = Sum(Lengths.Max());
        using GuardedMatrix types = Sum(2);
        cuda.EmbeddingBackward(dy, batch.Batch, words, positions, types, touched: default);
        cuda.FinishGradients();
        GuardedMatrix[] sums = [dbias, dgamma, dbeta, dw, linear, words, positions, types];
        return [.. sums.SelectMany(sum => MemoryMarshal.AsBytes<float>(sum.Floats).ToArray())];

        GuardedMatrix Rows(int seed) => new(cuda, rows, width, Numbers.Normal(rows * width, seed), type);
        GuardedMatrix Sum(int count) => new(cuda, count, width, new double[count * width]);
    }
}
