using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using EsimCse.Core.Backend;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>
/// Micro-kernels of products of bytes and of bf16. Their tiles have the same layout, in words of 32 bits of a row.
/// </summary>
abstract unsafe class LowPrecisionTile
{
    /// <summary>Rows of a tile.</summary>
    public const int Rows = 12;

    /// <summary>Columns of a tile.</summary>
    public const int Columns = BytePanels.Rows;

    /// <summary>The kernel of products of bytes, by name, fastest first. All give the same sums.</summary>
    public static IReadOnlyList<(string Name, LowPrecisionTile Tile)> OfBytes { get; } = CreateOfBytes();

    /// <summary>The kernel of products of bf16, by name, fastest first.</summary>
    public static IReadOnlyList<(string Name, LowPrecisionTile Tile)> OfBFloat16 { get; } = CreateOfBFloat16();

    /// <summary>Computes the sums of the first rows of a tile, and undefined values in the others.</summary>
    public abstract void Run(in TileArguments arguments, int rows);

    static List<(string Name, LowPrecisionTile Tile)> CreateOfBytes()
    {
        const int hasVnni = 1 << 11;
        List<(string Name, LowPrecisionTile Tile)> all = [];
        bool isWide = Avx512.IsSupported && (X86Base.CpuId(7, 0).Ecx & hasVnni) != 0;
        if (isWide && EmittedTile.Create((code, sum, b, a) => code.DotBytes(sum, b, a)) is { } emitted)
            all.Add(("avx512-vnni", emitted));
        if (AvxVnni.IsSupported) all.Add(("avx-vnni", new AvxVnniTile()));
        if (Avx2.IsSupported) all.Add(("avx2", new Avx2Tile()));
        if (Vector128.IsHardwareAccelerated) all.Add(("vector128", new Vector128ByteTile()));
        all.Add(("scalar", new ScalarByteTile()));
        return all;
    }

    static List<(string Name, LowPrecisionTile Tile)> CreateOfBFloat16()
    {
        const int hasBFloat16 = 1 << 5;
        List<(string Name, LowPrecisionTile Tile)> all = [];
        bool isWide = Avx512.IsSupported && (X86Base.CpuId(7, 1).Eax & hasBFloat16) != 0;
        if (isWide && EmittedTile.Create((code, sum, b, a) => code.DotBFloat16(sum, b, a)) is { } emitted)
            all.Add(("avx512-bf16", emitted));
        all.Add(("vector256", new BFloat16Tile()));
        return all;
    }
}
