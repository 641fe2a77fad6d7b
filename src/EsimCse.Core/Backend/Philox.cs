using System.Runtime.CompilerServices;

namespace EsimCse.Core.Backend;

/// <summary>
/// Philox4x32-10, a counter-based random number generator: four 32-bit words as a pure function of a counter and a key.
/// Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
/// </summary>
public static class Philox
{
    internal const int Rounds = 10;
    internal const uint MultiplierA = 0xD2511F53;
    internal const uint MultiplierB = 0xCD9E8D57;
    internal const uint WeylA = 0x9E3779B9;
    internal const uint WeylB = 0xBB67AE85;

    /// <summary>Computes the four words of a counter and a key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (uint W0, uint W1, uint W2, uint W3) Block(uint c0, uint c1, uint c2, uint c3, ulong key)
    {
        uint k0 = (uint)key;
        uint k1 = (uint)(key >> 32);
        for (int round = 0; round < Rounds; round++)
        {
            ulong a = (ulong)MultiplierA * c0;
            ulong b = (ulong)MultiplierB * c2;
            c0 = (uint)(b >> 32) ^ c1 ^ k0;
            c1 = (uint)b;
            c2 = (uint)(a >> 32) ^ c3 ^ k1;
            c3 = (uint)a;
            k0 += WeylA;
            k1 += WeylB;
        }
        return (c0, c1, c2, c3);
    }

    /// <summary>
    /// Returns one of the eight 16-bit draws of a block: the low half of each word before its high half.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Draw16((uint W0, uint W1, uint W2, uint W3) block, int index)
    {
        uint word = (index >> 1) switch { 0 => block.W0, 1 => block.W1, 2 => block.W2, _ => block.W3 };
        return (int)(word >> (16 * (index & 1))) & 0xFFFF;
    }
}
