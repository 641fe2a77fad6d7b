using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>Micro-kernels in vector registers: a step is one word of all rows.</summary>
abstract unsafe class VectorTile : LowPrecisionTile
{
    /// <summary>Rows of a tile.</summary>
    public const int Height = 12;

    /// <inheritdoc cref="LowPrecisionTile.OfBytes"/>
    public static IReadOnlyList<(string Name, VectorTile Tile)> AllOfBytes { get; } = CreateOfBytes();

    /// <inheritdoc cref="LowPrecisionTile.OfBFloat16"/>
    public static IReadOnlyList<(string Name, VectorTile Tile)> AllOfBFloat16 { get; } = CreateOfBFloat16();

    public sealed override int Rows => Height;

    public sealed override int TilesOfBlock => 20;

    public sealed override int WordsOfStep => 1;

    public sealed override void Pack(int* rows, int count, int words, int* tile) =>
        new Operand((float*)rows, words, 1).PackRows(0, count, 0, words, Height, (float*)tile);

    static List<(string Name, VectorTile Tile)> CreateOfBytes()
    {
        const int hasVnni = 1 << 11;
        List<(string Name, VectorTile Tile)> all = [];
        bool isWide = Avx512.IsSupported && (X86Base.CpuId(7, 0).Ecx & hasVnni) != 0;
        if (isWide && EmittedTile.Create((code, sum, b, a) => code.DotBytes(sum, b, a)) is { } emitted)
            all.Add(("avx512-vnni", emitted));
        if (AvxVnni.IsSupported) all.Add(("avx-vnni", new AvxVnniTile()));
        if (Avx2.IsSupported) all.Add(("avx2", new Avx2Tile()));
        if (Vector128.IsHardwareAccelerated) all.Add(("vector128", new Vector128ByteTile()));
        all.Add(("scalar", new ScalarByteTile()));
        return all;
    }

    static List<(string Name, VectorTile Tile)> CreateOfBFloat16()
    {
        const int hasBFloat16 = 1 << 5;
        List<(string Name, VectorTile Tile)> all = [];
        bool isWide = Avx512.IsSupported && (X86Base.CpuId(7, 1).Eax & hasBFloat16) != 0;
        if (isWide && EmittedTile.Create((code, sum, b, a) => code.DotBFloat16(sum, b, a)) is { } emitted)
            all.Add(("avx512-bf16", emitted));
        all.Add(("vector256", new BFloat16Tile()));
        return all;
    }
}
