using System.Runtime.InteropServices;
using EsimCse.Core.Backend;
using static EsimCse.Cpu.CpuBackend;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>
/// y = x wᵀ + bias with both operands in a smaller type. A row of y depends on that row of x only, whatever the number
/// of threads.
/// </summary>
sealed unsafe class LowPrecisionGemm : IDisposable
{
    /// <summary>Rows whose packed form stays in the second-level cache; a multiple of a tile's.</summary>
    const int BlockRows = 240;

    const int Alignment = 64;

    readonly WorkerPool _pool;
    readonly Lock _oneAtATime = new();
    readonly Action<int, int> _packTiles;
    readonly Action<int, int> _multiplyPanels;
    readonly RowScale[] _scales = new RowScale[BlockRows];

    // The current block, guarded by _oneAtATime.
    LowPrecisionWeight _weight = null!;
    Matrix _x;
    Matrix _y;
    Matrix _bias;
    int* _packed;
    int _capacity;

    public LowPrecisionGemm(WorkerPool pool)
    {
        _pool = pool;
        _packTiles = PackTiles;
        _multiplyPanels = MultiplyPanels;
    }

    /// <summary>Computes y = x wᵀ + bias. bias [1,N] is optional.</summary>
    public void Multiply(Matrix x, LowPrecisionWeight weight, Matrix bias, Matrix y)
    {
        lock (_oneAtATime)
        {
            Reserve(BlockRows * weight.Words);
            _weight = weight;
            _bias = bias;
            for (int row = 0; row < y.Rows; row += BlockRows)
            {
                int rows = Math.Min(BlockRows, y.Rows - row);
                _x = x.Slice(row, rows);
                _y = y.Slice(row, rows);
                _pool.For(CeilingDivide(rows, LowPrecisionTile.Rows), 1, _packTiles);
                _pool.For(CeilingDivide(y.Columns, LowPrecisionTile.Columns), 1, _multiplyPanels);
            }
        }
    }

    public void Dispose() => NativeMemory.AlignedFree(_packed);

    void Reserve(int words)
    {
        if (words <= _capacity) return;
        NativeMemory.AlignedFree(_packed);
        _packed = (int*)NativeMemory.AlignedAlloc((nuint)words * sizeof(int), Alignment);
        _capacity = words;
    }

    int* Tile(int index) => _packed + (long)index * LowPrecisionTile.Rows * _weight.Words;

    /// <summary>Packs tiles of x: word after word, each of all rows.</summary>
    void PackTiles(int from, int to)
    {
        int words = _weight.Words;
        int* rows = (int*)NativeMemory.AlignedAlloc((nuint)(LowPrecisionTile.Rows * words * sizeof(int)), Alignment);
        for (int tile = from; tile < to; tile++)
        {
            int first = tile * LowPrecisionTile.Rows;
            int count = Math.Min(LowPrecisionTile.Rows, _y.Rows - first);
            for (int row = 0; row < count; row++)
            {
                Span<int> target = new(rows + row * words, words);
                _scales[first + row] = _weight.Format.PackActivation(Row(_x, first + row), target);
            }
            new Operand((float*)rows, words, 1).PackRows(
                0, count, 0, words, LowPrecisionTile.Rows, (float*)Tile(tile));
        }
        NativeMemory.AlignedFree(rows);
    }

    void MultiplyPanels(int from, int to)
    {
        int* sums = stackalloc int[LowPrecisionTile.Rows * LowPrecisionTile.Columns];
        int tiles = CeilingDivide(_y.Rows, LowPrecisionTile.Rows);
        int bytes = LowPrecisionTile.Columns * sizeof(int);
        for (int panel = from; panel < to; panel++)
            for (int tile = 0; tile < tiles; tile++)
            {
                // The tiles of a panel load the lines of the next one.
                long part = (long)tile * _weight.Words * bytes / tiles;
                TileArguments arguments = new()
                {
                    Steps = _weight.Words,
                    A = Tile(tile),
                    B = _weight.Panel(panel),
                    Sums = sums,
                    Next = (byte*)_weight.Panel(panel + 1) + part,
                    NextBytes = CeilingDivide(bytes, tiles),
                };
                int rows = Math.Min(LowPrecisionTile.Rows, _y.Rows - tile * LowPrecisionTile.Rows);
                _weight.Format.Tile.Run(arguments, rows);
                Finish(sums, panel * LowPrecisionTile.Columns, tile * LowPrecisionTile.Rows, rows);
            }
    }

    void Finish(int* sums, int column, int firstRow, int rows)
    {
        int columns = Math.Min(LowPrecisionTile.Columns, _y.Columns - column);
        float* bias = _bias.IsPresent ? (float*)_bias.Address + column : null;
        float* y = (float*)_y.Address + (long)firstRow * _y.Columns + column;
        for (int row = 0; row < rows; row++, y += _y.Columns, sums += LowPrecisionTile.Columns)
        {
            RowScale scale = _scales[firstRow + row];
            _weight.Format.Finish(sums, scale, _weight.Scales + column, _weight.Sums + column, bias, y, columns);
        }
    }
}
