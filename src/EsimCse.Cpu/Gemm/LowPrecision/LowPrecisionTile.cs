using EsimCse.Core.Backend;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>Micro-kernels of products of bytes and of bf16, both in words of 32 bits of a row.</summary>
abstract unsafe class LowPrecisionTile
{
    /// <summary>Columns of a tile.</summary>
    public const int Columns = BytePanels.Rows;

    /// <summary>The kernel of products of bytes, by name, fastest first. All give the same sums.</summary>
    public static IReadOnlyList<(string Name, LowPrecisionTile Tile)> OfBytes { get; } =
        [.. AmxTile.AllOfBytes, .. VectorTile.AllOfBytes];

    /// <summary>The kernel of products of bf16, by name, fastest first.</summary>
    public static IReadOnlyList<(string Name, LowPrecisionTile Tile)> OfBFloat16 { get; } =
        [.. AmxTile.AllOfBFloat16, .. VectorTile.AllOfBFloat16];

    /// <summary>Rows of a tile.</summary>
    public abstract int Rows { get; }

    /// <summary>Tiles whose packed rows stay in the second-level cache.</summary>
    public abstract int TilesOfBlock { get; }

    /// <summary>Words of a row that a step multiplies; the words of a row are a multiple of it.</summary>
    public abstract int WordsOfStep { get; }

    /// <summary>Whether a thread that has run it is changed for good: <see cref="SignalStack"/>.</summary>
    public virtual bool NeedsOwnThreads => false;

    /// <summary>Arranges rows in the order in which <see cref="Run"/> reads them.</summary>
    /// <param name="rows">[count, words].</param>
    /// <param name="count">Rows that there are, at most those of a tile.</param>
    /// <param name="words">Words of a row.</param>
    /// <param name="tile">Overwritten: the words of all rows of a tile, of any value where there is no row.</param>
    public abstract void Pack(int* rows, int count, int words, int* tile);

    /// <summary>Prepares the calling thread for <see cref="Run"/>, until <see cref="End"/>.</summary>
    public virtual void Begin() { }

    /// <summary>Ends what <see cref="Begin"/> began.</summary>
    public virtual void End() { }

    /// <summary>Computes the sums of the first rows of a tile, and undefined values in the others.</summary>
    public abstract void Run(in TileArguments arguments, int rows);
}
