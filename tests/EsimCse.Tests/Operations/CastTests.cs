using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class CastTests
{
    const int Width = 8;

    static readonly ElementType[] Types = [ElementType.BFloat16, ElementType.Float16];

    static readonly float[] SpecialValues =
    [
        0f, -0f, 1f, -2.5f, 1.9999f, 2047.5f, 2048.5f, 0.1f,

        // fp16's largest numbers, its overflow, its subnormals, infinities
        65504f, 65519f, 65520f, -1e30f, 3.4028235e38f, 6.1e-5f, 6e-8f, 2.98e-8f, 2.9e-8f, 1e-40f,
        float.PositiveInfinity, float.NegativeInfinity,

        // ties to even, down and up, in bf16 and in fp16
        BitConverter.UInt32BitsToSingle(0x3F808000), BitConverter.UInt32BitsToSingle(0x3F818000),
        BitConverter.UInt32BitsToSingle(0x3F801000), BitConverter.UInt32BitsToSingle(0x3F803000),
    ];

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Casting_to_16_bits_and_back_rounds_to_nearest_even(string device)
    {
        using IBackend backend = Backends.Create(device);
        double[] values = [.. SpecialValues, .. RandomValues(8000)];
        int rows = values.Length / Width;
        using GuardedMatrix source = new(backend, rows, Width, values);
        foreach (ElementType type in Types)
        {
            using GuardedMatrix narrow = new(backend, rows, Width, type);
            using GuardedMatrix wide = new(backend, rows, Width);
            backend.Cast(source, narrow);
            backend.Cast(narrow, wide);
            double[] expected = [.. values.Select(value => Round(value, type))];
            Assert.Equal(expected, narrow.Values);
            Assert.Equal(expected, wide.Values);
            Assert.Throws<ArgumentException>(() => backend.Cast(source.Matrix.Slice(0, 1), narrow));
        }
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void NaN_stays_NaN(string device)
    {
        using IBackend backend = Backends.Create(device);
        foreach (ElementType type in Types)
        {
            using GuardedMatrix source = new(backend, 1, Width);
            using GuardedMatrix narrow = new(backend, 1, Width, new double[Width], type);
            backend.Cast(source, narrow);
            Assert.All(narrow.Values, value => Assert.True(double.IsNaN(value)));
        }
    }

    static double Round(double value, ElementType type) =>
        Reference.Cast.Widen(Reference.Cast.Round(value, type), type);

    /// <summary>Draws fp32 numbers of every magnitude.</summary>
    static IEnumerable<double> RandomValues(int count)
    {
        Random random = new(1);
        for (int i = 0; i < count; i++)
        {
            float value = BitConverter.UInt32BitsToSingle((uint)random.NextInt64(1L << 32));
            yield return float.IsNaN(value) ? 1 : value;
        }
    }
}
