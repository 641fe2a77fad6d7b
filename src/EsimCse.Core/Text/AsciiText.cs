using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace EsimCse.Core.Text;

/// <summary>Copies printable ASCII from UTF-16 to UTF-8, sixteen characters at once.</summary>
static class AsciiText
{
    /// <summary>Copies the beginning of a text up to the first character that is not printable ASCII.</summary>
    /// <param name="text">The text.</param>
    /// <param name="target">The target, of which bytes after the copied ones change too.</param>
    /// <param name="lowercase">Whether letters are lower-cased.</param>
    /// <returns>Characters copied, which may be fewer, down to none.</returns>
    public static int Copy(ReadOnlySpan<char> text, Span<byte> target, bool lowercase)
    {
        ref ushort source = ref MemoryMarshal.GetReference(MemoryMarshal.Cast<char, ushort>(text));
        ref byte first = ref MemoryMarshal.GetReference(target);
        int last = Math.Min(text.Length, target.Length) - Vector128<byte>.Count;
        Vector128<byte> caseBit = Vector128.Create((byte)(lowercase ? 0x20 : 0));
        int i = 0;
        for (; i <= last; i += Vector128<byte>.Count)
        {
            Vector128<byte> bytes = Vector128.NarrowWithSaturation(
                Vector128.LoadUnsafe(ref source, (nuint)i),
                Vector128.LoadUnsafe(ref source, (nuint)(i + Vector128<ushort>.Count)));
            Vector128<byte> isUpper =
                Vector128.LessThan(bytes - Vector128.Create((byte)'A'), Vector128.Create((byte)26));
            (bytes | isUpper & caseBit).StoreUnsafe(ref first, (nuint)i);
            Vector128<byte> isOther =
                Vector128.GreaterThan(bytes - Vector128.Create((byte)' '), Vector128.Create((byte)('~' - ' ')));
            uint others = isOther.ExtractMostSignificantBits();
            if (others != 0) return i + BitOperations.TrailingZeroCount(others);
        }
        return i;
    }
}
