using System.Runtime.InteropServices;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>The operands of one tile: its rows, and all columns of a panel.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct TileArguments
{
    /// <summary>Words of 32 bits in a row of A, over <see cref="LowPrecisionTile.WordsOfStep"/>.</summary>
    public long Steps;

    /// <summary>Words of <see cref="LowPrecisionTile.Pack"/>: four signed bytes or two bf16.</summary>
    public int* A;

    /// <summary>[words, Columns]: four unsigned bytes or two bf16.</summary>
    public int* B;

    /// <summary>[Rows, Columns]: int32 or fp32, overwritten or added to.</summary>
    public int* Sums;

    /// <summary>Memory that is read soon: it is loaded into the second-level cache on the way.</summary>
    public byte* Next;

    /// <summary>Bytes of <see cref="Next"/> to load in each step.</summary>
    public long NextBytes;
}
