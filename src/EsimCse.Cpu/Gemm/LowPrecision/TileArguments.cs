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

    /// <summary>
    /// Loads the arguments whose address is in rdi: Steps into rcx, A rsi, B rdx, Sums rax, Next r8, NextBytes r9.
    /// </summary>
    public static void Load(X64Code code)
    {
        code.LoadPointer(X64Code.Rcx, X64Code.Rdi, 0);
        code.LoadPointer(X64Code.Rsi, X64Code.Rdi, 8);
        code.LoadPointer(X64Code.Rdx, X64Code.Rdi, 16);
        code.LoadPointer(X64Code.Rax, X64Code.Rdi, 24);
        code.LoadPointer(X64Code.R8, X64Code.Rdi, 32);
        code.LoadPointer(X64Code.R9, X64Code.Rdi, 40);
    }

    /// <summary>Goes on to the next step, whose code is at a position, unless it was the last one.</summary>
    /// <param name="code">The code, after <see cref="Load"/>.</param>
    /// <param name="loop">The position.</param>
    /// <param name="aBytes">Bytes of A in a step.</param>
    /// <param name="bBytes">Bytes of B in a step.</param>
    /// <param name="nextLines">Lines of <see cref="Next"/> to load.</param>
    public static void Advance(X64Code code, int loop, int aBytes, int bBytes, int nextLines)
    {
        const int lineBytes = 64;
        for (int line = 0; line < nextLines; line++) code.Prefetch(X64Code.R8, line * lineBytes);
        code.AddRegister(X64Code.R8, X64Code.R9);
        code.Add(X64Code.Rsi, aBytes);
        code.Add(X64Code.Rdx, bBytes);
        code.DecrementAndLoop(X64Code.Rcx, loop);
    }
}
