namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>A tile that is computed in parts, each of whose sums fit the registers.</summary>
/// <param name="partRows">Rows of a part; a divisor of a tile's.</param>
/// <param name="partColumns">Columns of a part; a divisor of a tile's.</param>
abstract unsafe class PartedTile(int partRows, int partColumns) : VectorTile
{
    public sealed override void Run(in TileArguments arguments, int rows)
    {
        for (int row = 0; row < rows; row += partRows)
            for (int column = 0; column < Columns; column += partColumns)
            {
                int* sums = arguments.Sums + row * Columns + column;
                RunPart(arguments.Steps, arguments.A + row, arguments.B + column, sums);
            }
    }

    /// <summary>Computes the sums of a part. The distance between its rows is that of the tile.</summary>
    protected abstract void RunPart(long steps, int* a, int* b, int* sums);
}
