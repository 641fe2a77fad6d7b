using EsimCse.Core;

namespace EsimCse.Tests.Reference;

/// <summary>The 16-bit types, by their definitions.</summary>
static class Cast
{
    /// <summary>The distance between neighbours of size 1.</summary>
    public static double Unit(ElementType type) => type == ElementType.BFloat16 ? 1.0 / 128 : 1.0 / 1024;

    /// <summary>The nearest value, ties to even; fp32 holds <paramref name="value"/>.</summary>
    public static ushort Round(double value, ElementType type)
    {
        if (type == ElementType.Float16) return BitConverter.HalfToUInt16Bits((Half)value);
        uint bits = BitConverter.SingleToUInt32Bits((float)value), lower = bits & 0xFFFF, upper = bits >> 16;
        return (ushort)(double.IsNaN(value) ? 0x7FFF : lower > 0x8000 || lower == 0x8000 && upper % 2 == 1 ? upper + 1 : upper);
    }

    public static double Widen(ushort bits, ElementType type) =>
        type == ElementType.Float16 ? (double)BitConverter.UInt16BitsToHalf(bits) : BitConverter.UInt32BitsToSingle((uint)bits << 16);
}
