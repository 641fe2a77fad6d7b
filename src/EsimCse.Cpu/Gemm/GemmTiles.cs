using System.Numerics;

namespace EsimCse.Cpu.Gemm;

/// <summary>
/// The product of a block of columns and depth, cut into items: item = block of rows · <see cref="Groups"/> + group of
/// columns.
/// </summary>
unsafe struct GemmTiles<TKernel> where TKernel : unmanaged, IMicroKernel
{
    public Operand A;
    public int K;
    public int Depth;

    /// <summary>Panels of B, each [<see cref="Depth"/>, columns of the micro-kernel].</summary>
    public float* PackedB;

    public float* C;
    public int Stride;
    public int Rows;
    public int Column;
    public int Columns;
    public bool Accumulate;

    /// <summary>Added to each row of C; null for none.</summary>
    public float* Bias;

    public int BlockRows;
    public int Blocks;
    public int Groups;
    public int GroupColumns;

    const int FloatsOfLine = 16;

    public readonly int Items => Blocks * Groups;

    /// <summary>Computes the items [first, end); <paramref name="packedA"/> has room for one block of A.</summary>
    public readonly void Multiply(int first, int end, float* packedA)
    {
        int packedBlock = -1;
        for (int item = first; item < end; item++)
        {
            int block = item / Groups;
            if (block != packedBlock) PackA(block, packedA);
            packedBlock = block;
            MultiplyBlock(block, item % Groups, packedA);
        }
    }

    readonly void PackA(int block, float* packed)
    {
        int first = block * BlockRows;
        int end = Math.Min(first + BlockRows, Rows);
        for (int row = first; row < end; row += TKernel.Rows)
        {
            int height = Math.Min(TKernel.Rows, end - row);
            A.PackRows(row, height, K, Depth, TKernel.Rows, packed + (long)(row - first) * Depth);
        }
    }

    readonly void MultiplyBlock(int block, int group, float* packedA)
    {
        int firstRow = block * BlockRows;
        int endRow = Math.Min(firstRow + BlockRows, Rows);
        int firstColumn = group * GroupColumns;
        int endColumn = Math.Min(firstColumn + GroupColumns, Columns);
        // The tiles of a panel load the lines of the next one.
        int tiles = CpuBackend.CeilingDivide(endRow - firstRow, TKernel.Rows);
        int interval = (int)BitOperations.RoundUpToPowerOf2((uint)(tiles / 4 + 1)) - 1;
        int ahead = Depth / (interval + 1) * FloatsOfLine;
        for (int column = firstColumn; column < endColumn; column += TKernel.Columns)
            for (int row = firstRow; row < endRow; row += TKernel.Rows)
            {
                int rows = Math.Min(TKernel.Rows, endRow - row);
                int columns = Math.Min(TKernel.Columns, endColumn - column);
                float* a = packedA + (long)(row - firstRow) * Depth;
                float* b = PackedB + (long)column * Depth;
                float* c = C + (long)row * Stride + Column + column;
                float* next = b + TKernel.Columns * Depth + (row - firstRow) / TKernel.Rows * ahead;
                bool isWhole = rows == TKernel.Rows && columns == TKernel.Columns;
                float* bias = Bias == null ? null : Bias + Column + column;
                if (isWhole) TKernel.Run(Depth, a, b, c, Stride, Accumulate, bias, next, interval);
                else MultiplyEdge(a, b, c, bias, rows, columns);
            }
    }

    /// <summary>Computes a tile that crosses the border of C in a buffer and copies the part inside.</summary>
    readonly void MultiplyEdge(float* a, float* b, float* c, float* bias, int rows, int columns)
    {
        float* tile = stackalloc float[TKernel.Rows * TKernel.Columns];
        new Span<float>(tile, TKernel.Rows * TKernel.Columns).Clear();
        for (int row = 0; row < rows && Accumulate; row++)
            Copy(c + (long)row * Stride, tile + row * TKernel.Columns, columns);
        for (int row = 0; row < rows; row += TKernel.EdgeRows)
            TKernel.RunEdge(Depth, a + row, b, tile + row * TKernel.Columns, TKernel.Columns, Accumulate);
        for (int row = 0; row < rows; row++)
        {
            float* sums = tile + row * TKernel.Columns;
            for (int i = 0; i < columns && bias != null; i++) sums[i] += bias[i];
            Copy(sums, c + (long)row * Stride, columns);
        }
    }

    static void Copy(float* source, float* target, int count) =>
        new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(target, count));
}
