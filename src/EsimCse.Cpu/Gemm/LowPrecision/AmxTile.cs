using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>
/// Tiles of 32 × 32 in the tile registers of Intel's AMX, four of them for the sums, in machine code: .NET has no
/// intrinsics for it. A step is 16 words of each row: 64 bytes or 32 bf16.
/// </summary>
/// <remarks>
/// Words of x are arranged as [steps, 32 rows, 16 words], so that a register is 1 KiB without gaps. A panel of w is
/// read as it is: of 16 words of all columns a register takes one half.
/// </remarks>
sealed unsafe class AmxTile : LowPrecisionTile
{
    const int Height = 32;
    const int StepWords = 16;
    const int RegisterRows = 16;
    const int LineBytes = 64;
    const int RegisterBytes = RegisterRows * LineBytes;
    const int PanelRowBytes = Columns * sizeof(int);

    /// <summary>Tile registers: sums of the upper and lower rows, then the operands.</summary>
    const int UpperLeft = 0, UpperRight = 1, LowerLeft = 2, LowerRight = 3, Upper = 4, Lower = 5, Left = 6, Right = 7;

    static readonly byte[] Configuration = Configure();

    readonly delegate* unmanaged<byte*, void> _configure;
    readonly delegate* unmanaged<void> _release;
    readonly delegate* unmanaged<TileArguments*, void> _upper;
    readonly delegate* unmanaged<TileArguments*, void> _both;

    AmxTile(DotInstruction dot)
    {
        X64Code configure = new(), release = new();
        configure.LoadTileConfiguration(X64Code.Rdi);
        release.ReleaseTiles();
        _configure = (delegate* unmanaged<byte*, void>)configure.CreateFunction();
        _release = (delegate* unmanaged<void>)release.CreateFunction();
        _upper = (delegate* unmanaged<TileArguments*, void>)Create(dot, hasLowerRows: false);
        _both = (delegate* unmanaged<TileArguments*, void>)Create(dot, hasLowerRows: true);
    }

    /// <summary>Encodes sums += products of the registers of x and w.</summary>
    delegate void DotInstruction(X64Code code, int sums, int x, int w);

    /// <summary>The kernel of products of bytes, by name; none where it cannot run.</summary>
    public static IReadOnlyList<(string Name, LowPrecisionTile Tile)> AllOfBytes { get; } = Amx.HasBytes
        ? [("amx-int8", new AmxTile((code, sums, x, w) => code.TileDotBytes(sums, x, w)))]
        : [];

    /// <summary>The kernel of products of bf16, by name; none where it cannot run.</summary>
    public static IReadOnlyList<(string Name, LowPrecisionTile Tile)> AllOfBFloat16 { get; } = Amx.HasBFloat16
        ? [("amx-bf16", new AmxTile((code, sums, x, w) => code.TileDotBFloat16(sums, x, w)))]
        : [];

    public override int Rows => Height;

    public override int TilesOfBlock => 12;

    public override int WordsOfStep => StepWords;

    public override bool NeedsOwnThreads => true;

    public override void Begin()
    {
        SignalStack.Enlarge();
        fixed (byte* configuration = Configuration) _configure(configuration);
    }

    public override void End() => _release();

    [MethodImpl(Kernel.Options)]
    public override void Pack(int* rows, int count, int words, int* tile)
    {
        for (int row = 0; row < count; row++, rows += words, tile += StepWords)
            for (int word = 0; word < words; word += StepWords)
            {
                int* target = tile + word * Height;
                Vector256.Load(rows + word).Store(target);
                Vector256.Load(rows + word + Vector256<int>.Count).Store(target + Vector256<int>.Count);
            }
    }

    public override void Run(in TileArguments arguments, int rows)
    {
        fixed (TileArguments* pointer = &arguments)
            if (rows > RegisterRows) _both(pointer);
            else _upper(pointer);
    }

    /// <summary>Returns the argument of LDTILECFG: eight registers of 16 rows of 64 bytes.</summary>
    static byte[] Configure()
    {
        const int firstWidth = 16, firstHeight = 48;
        byte[] configuration = new byte[64];
        configuration[0] = 1;
        for (int register = 0; register < 8; register++)
        {
            configuration[firstWidth + register * sizeof(short)] = LineBytes;
            configuration[firstHeight + register] = RegisterRows;
        }
        return configuration;
    }

    /// <inheritdoc cref="EmittedTile.Create(EmittedTile.DotInstruction, int, bool)"/>
    static nint Create(DotInstruction dot, bool hasLowerRows)
    {
        int sums = hasLowerRows ? 4 : 2;
        X64Code code = new();
        TileArguments.Load(code);
        code.LoadConstant(X64Code.R10, LineBytes);
        code.LoadConstant(X64Code.Rdi, PanelRowBytes);
        for (int sum = 0; sum < sums; sum++) code.ClearTile(sum);

        int loop = code.Position;
        code.LoadTile(Left, X64Code.Rdx, X64Code.Rdi, 0);
        code.LoadTile(Upper, X64Code.Rsi, X64Code.R10, 0);
        dot(code, UpperLeft, Upper, Left);
        code.LoadTile(Right, X64Code.Rdx, X64Code.Rdi, LineBytes);
        dot(code, UpperRight, Upper, Right);
        if (hasLowerRows)
        {
            code.LoadTile(Lower, X64Code.Rsi, X64Code.R10, RegisterBytes);
            dot(code, LowerLeft, Lower, Left);
            dot(code, LowerRight, Lower, Right);
        }
        // A block has up to twelve tiles, each of which loads its part of the next 2 KiB.
        TileArguments.Advance(code, loop, Height * LineBytes, StepWords * PanelRowBytes, nextLines: 3);

        code.StoreTile(X64Code.Rax, X64Code.Rdi, 0, UpperLeft);
        code.StoreTile(X64Code.Rax, X64Code.Rdi, LineBytes, UpperRight);
        if (hasLowerRows)
        {
            code.StoreTile(X64Code.Rax, X64Code.Rdi, RegisterRows * PanelRowBytes, LowerLeft);
            code.StoreTile(X64Code.Rax, X64Code.Rdi, RegisterRows * PanelRowBytes + LineBytes, LowerRight);
        }
        return code.CreateFunction();
    }
}
