using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>Rounding to the upper half of fp32.</summary>
static class BFloat16
{
    const uint Infinity = 0x7F800000;
    const uint Magnitude = 0x7FFFFFFF;
    const ushort NotANumber = 0x7FFF;

    /// <summary>Rounds the bits of floats to nearest even; NaN becomes 0x7FFF.</summary>
    [MethodImpl(Kernel.Options)]
    public static void Round(ReadOnlySpan<uint> source, Span<ushort> target)
    {
        int i = 0;
        for (; i <= source.Length - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
        {
            Vector256<uint> lower = Round(Vector256.Create(source[i..]));
            Vector256<uint> upper = Round(Vector256.Create(source[(i + Vector256<uint>.Count)..]));
            Vector256.Narrow(lower, upper).CopyTo(target[i..]);
        }
        for (; i < source.Length; i++)
        {
            uint bits = source[i];
            bool isNan = (bits & Magnitude) > Infinity;
            target[i] = isNan ? NotANumber : (ushort)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<uint> Round(Vector256<uint> bits)
    {
        Vector256<uint> isOdd = bits >>> 16 & Vector256<uint>.One;
        Vector256<uint> rounded = bits + Vector256.Create(0x7FFFu) + isOdd >>> 16;
        Vector256<uint> isNan = Vector256.GreaterThan(bits & Vector256.Create(Magnitude), Vector256.Create(Infinity));
        return Vector256.ConditionalSelect(isNan, Vector256.Create((uint)NotANumber), rounded);
    }
}
