using System.Runtime.InteropServices;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>The operands of one tile: <see cref="LowPrecisionTile.Rows"/> rows, all columns of a panel.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct TileArguments
{
    /// <summary>Words of 32 bits in a row of A.</summary>
    public long Steps;

    /// <summary>[Steps, Rows] words: four signed bytes or two bf16.</summary>
    public int* A;

    /// <summary>[Steps, Columns] words: four unsigned bytes or two bf16.</summary>
    public int* B;

    /// <summary>[Rows, Columns]: int32 or fp32, overwritten or added to.</summary>
    public int* Sums;

    /// <summary>Memory that is read soon: it is loaded into the second-level cache on the way.</summary>
    public byte* Next;

    /// <summary>Bytes of <see cref="Next"/> to load in each step.</summary>
    public long NextBytes;
}
