using EsimCse.Core;

namespace EsimCse.Tests.Reference;

/// <summary>The 16-bit types by their definitions.</summary>
static class Cast
{
    /// <summary>Returns the distance from 1 to the next larger value.</summary>
    public static double Unit(ElementType type) => type == ElementType.BFloat16 ? 1.0 / 128 : 1.0 / 1024;

    /// <summary>Rounds to nearest, ties to even. `value` is representable in fp32.</summary>
    public static ushort Round(double value, ElementType type)
    {
        if (type == ElementType.Float16) return BitConverter.HalfToUInt16Bits((Half)value);
        if (double.IsNaN(value)) return 0x7FFF;
        uint bits = BitConverter.SingleToUInt32Bits((float)value);
        uint lower = bits & 0xFFFF;
        uint upper = bits >> 16;
        bool roundsUp = lower > 0x8000 || lower == 0x8000 && upper % 2 == 1;
        return (ushort)(roundsUp ? upper + 1 : upper);
    }

    public static double Widen(ushort bits, ElementType type) => type == ElementType.Float16
        ? (double)BitConverter.UInt16BitsToHalf(bits)
        : BitConverter.UInt32BitsToSingle((uint)bits << 16);
}
