using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace EsimCse.Core.Text;

/// <summary>The words in a block of normalized UTF-8, a bit for each byte.</summary>
/// <param name="Starts">The first bytes of words.</param>
/// <param name="Ends">The bytes before which a word ends: spaces and the first bytes of words.</param>
readonly record struct WordMasks(ulong Starts, ulong Ends)
{
    /// <summary>Bytes of a block.</summary>
    public const int BlockLength = 64;

    /// <summary>The block after a text.</summary>
    public static readonly WordMasks None = new(0, ulong.MaxValue);

    /// <summary>Finds the words of a block.</summary>
    /// <param name="block">Its first byte.</param>
    /// <param name="goesOn">1 if the byte before the block is part of a word that may go on, else 0; set to the same of
    /// the block's last byte.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WordMasks Read(ref readonly byte block, ref ulong goesOn)
    {
        ulong spaces = 0, marks = 0;
        for (int i = 0; i < BlockLength; i += Vector128<byte>.Count)
        {
            Vector128<byte> bytes = Vector128.LoadUnsafe(in block, (nuint)i);
            spaces |= (ulong)Vector128.Equals(bytes, Vector128.Create((byte)' ')).ExtractMostSignificantBits() << i;
            marks |= (ulong)IsPunctuation(bytes).ExtractMostSignificantBits() << i;
        }
        ulong letters = ~(spaces | marks);
        ulong starts = marks | letters & ~(letters << 1 | goesOn);
        goesOn = letters >> (BlockLength - 1);
        return new WordMasks(starts, starts | spaces);
    }

    /// <summary>Returns the bytes of the word at a bit, or more than a block if it does not end in the next.</summary>
    /// <param name="place">The bit of its first byte.</param>
    /// <param name="next">The next block.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int LengthAt(int place, WordMasks next) =>
        1 + BitOperations.TrailingZeroCount(Ends >> place >> 1 | next.Ends << (BlockLength - 1 - place));

    /// <summary>Whether a byte ends the word before it.</summary>
    public static bool IsEnd(byte value) => value == ' ' || value < 0x80 && UnicodeTables.IsPunctuation(value);

    static Vector128<byte> IsPunctuation(Vector128<byte> bytes)
    {
        Vector128<byte> isLetter = IsInRange(bytes | Vector128.Create((byte)0x20), 'a', 'z');
        return IsInRange(bytes, '!', '~') & ~(isLetter | IsInRange(bytes, '0', '9'));
    }

    static Vector128<byte> IsInRange(Vector128<byte> bytes, char first, char last) => Vector128.LessThanOrEqual(
        bytes - Vector128.Create((byte)first), Vector128.Create((byte)(last - first)));
}
