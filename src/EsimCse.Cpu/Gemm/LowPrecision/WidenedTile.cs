using System.Runtime.CompilerServices;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>
/// A tile whose numbers of A are widened once for all columns, a block at a time, and whose sums are computed in parts
/// that fit the registers.
/// </summary>
/// <param name="partRows">Rows of a part; a divisor of a tile's.</param>
/// <param name="partColumns">Columns of a part; a divisor of a tile's.</param>
abstract unsafe class WidenedTile(int partRows, int partColumns) : VectorTile
{
    /// <summary>Steps of a block: with its part of B it stays in the first-level cache.</summary>
    const int BlockSteps = 96;

    /// <summary>Words of a block.</summary>
    protected const int BlockWords = BlockSteps * Height;

    [SkipLocalsInit]
    public sealed override void Run(in TileArguments arguments, int rows)
    {
        // A word of 32 bits is widened to one of 64.
        long* widened = stackalloc long[BlockWords];
        for (long step = 0; step < arguments.Steps; step += BlockSteps)
        {
            int steps = (int)Math.Min(BlockSteps, arguments.Steps - step);
            Widen(steps * Height, arguments.A + step * Height, widened);
            for (int row = 0; row < rows; row += partRows)
                for (int column = 0; column < Columns; column += partColumns)
                {
                    int* b = arguments.B + step * Columns + column;
                    int* sums = arguments.Sums + row * Columns + column;
                    RunPart(steps, row, widened, b, sums, accumulate: step > 0);
                }
        }
    }

    /// <summary>Widens words; their number is a multiple of a tile's rows.</summary>
    protected abstract void Widen(int words, int* a, long* widened);

    /// <summary>
    /// Computes the sums of a part, or adds to them. The distance between its rows is that of the tile.
    /// </summary>
    protected abstract void RunPart(int steps, int row, long* widened, int* b, int* sums, bool accumulate);
}
