namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>
/// Tiles of 12 × 32 in 24 registers of 512 bits, in machine code: .NET 10 has no intrinsics for VPDPBUSD and VDPBF16PS
/// on 512 bits, and none on 512 bits where code is compiled ahead of time. One function for 4, 8 and 12 rows.
/// </summary>
sealed unsafe class EmittedTile : VectorTile
{
    /// <summary>The number of rows of a function is a multiple of it.</summary>
    public const int RowsOfFunction = 4;

    const int LeftColumns = 0, RightColumns = 1, RowWords = 2, FirstSum = 8;
    const int LineBytes = 64;

    readonly delegate* unmanaged<TileArguments*, void>[] _functions =
        new delegate* unmanaged<TileArguments*, void>[Height / RowsOfFunction];

    EmittedTile() { }

    /// <summary>Encodes sums += dot of the words of b and a.</summary>
    public delegate void DotInstruction(X64Code code, int sum, int b, int a);

    /// <summary>Creates the tile; returns null where memory cannot be executed.</summary>
    /// <param name="dot">Encodes the instruction.</param>
    /// <param name="startsFromSums">Whether it is added to <see cref="TileArguments.Sums"/>, not to 0.</param>
    public static EmittedTile? Create(DotInstruction dot, bool startsFromSums = false)
    {
        EmittedTile tile = new();
        for (int i = 0; i < tile._functions.Length; i++)
        {
            nint address = Create(dot, RowsOfFunction * (i + 1), startsFromSums);
            if (address == 0) return null;
            tile._functions[i] = (delegate* unmanaged<TileArguments*, void>)address;
        }
        return tile;
    }

    public override void Run(in TileArguments arguments, int rows)
    {
        fixed (TileArguments* pointer = &arguments) _functions[(rows - 1) / RowsOfFunction](pointer);
    }

    /// <summary>
    /// Creates a function of the System V calling convention: its argument is in rdi, and it may change the registers
    /// that are used here. Returns 0 where memory cannot be executed.
    /// </summary>
    static nint Create(DotInstruction dot, int rows, bool startsFromSums)
    {
        X64Code code = new();
        TileArguments.Load(code);
        for (int i = 0; i < 2 * rows; i++)
            if (startsFromSums) code.Load(FirstSum + i, X64Code.Rax, i * LineBytes);
            else code.Clear(FirstSum + i);

        int loop = code.Position;
        code.Load(LeftColumns, X64Code.Rdx, 0);
        code.Load(RightColumns, X64Code.Rdx, LineBytes);
        for (int row = 0; row < rows; row++)
        {
            code.Broadcast(RowWords, X64Code.Rsi, row * sizeof(int));
            dot(code, FirstSum + 2 * row, LeftColumns, RowWords);
            dot(code, FirstSum + 2 * row + 1, RightColumns, RowWords);
        }
        TileArguments.Advance(code, loop, Height * sizeof(int), Columns * sizeof(int), nextLines: 1);

        for (int row = 0; row < rows; row++)
        {
            code.Store(X64Code.Rax, row * Columns * sizeof(int), FirstSum + 2 * row);
            code.Store(X64Code.Rax, row * Columns * sizeof(int) + LineBytes, FirstSum + 2 * row + 1);
        }
        return code.CreateFunction();
    }
}
