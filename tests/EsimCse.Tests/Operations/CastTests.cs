using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class CastTests
{
    /// <summary>Every kind of number: zeros, halves that tie to even both ways, the largest, the smallest, infinities, and 8 000 of every size.</summary>
    static float[] Values
    {
        get
        {
            Random random = new(1);
            float[] special = [0f, -0f, 1f, -2.5f, 65504f, 65519f, 65520f, -1e30f, 3.4028235e38f, 6.1e-5f, 6e-8f, 2.98e-8f, 2.9e-8f, 1e-40f, float.PositiveInfinity, float.NegativeInfinity,
                BitConverter.UInt32BitsToSingle(0x3F808000), BitConverter.UInt32BitsToSingle(0x3F818000), BitConverter.UInt32BitsToSingle(0x3F801000), BitConverter.UInt32BitsToSingle(0x3F803000), 1.9999f, 2047.5f, 2048.5f, 0.1f];
            return [.. special, .. Enumerable.Range(0, 8000).Select(_ => BitConverter.UInt32BitsToSingle((uint)random.NextInt64(1L << 32))).Select(value => float.IsNaN(value) ? 1f : value)];
        }
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void To_16_bits_and_back_is_rounding_to_nearest_even(string device)
    {
        using IBackend backend = Backends.Create(device);
        double[] values = [.. Values.Select(value => (double)value)];
        foreach (ElementType type in new[] { ElementType.BFloat16, ElementType.Float16 })
        {
            using GuardedMatrix source = new(backend, values.Length / 8, 8, values), stored = new(backend, values.Length / 8, 8, type), back = new(backend, values.Length / 8, 8);
            backend.Cast(source, stored);
            backend.Cast(stored, back);
            double[] expected = [.. values.Select(value => Reference.Cast.Widen(Reference.Cast.Round(value, type), type))];
            Assert.Equal(expected, stored.Values);
            Assert.Equal(expected, back.Values);
            Assert.Throws<ArgumentException>(() => backend.Cast(source.Matrix.Slice(0, 1), stored));
        }
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void What_is_no_number_stays_none(string device)
    {
        using IBackend backend = Backends.Create(device);
        foreach (ElementType type in new[] { ElementType.BFloat16, ElementType.Float16 })
        {
            using GuardedMatrix source = new(backend, 1, 8), stored = new(backend, 1, 8, new double[8], type);
            backend.Cast(source, stored);
            Assert.All(stored.Values, value => Assert.True(double.IsNaN(value)));
        }
    }
}
