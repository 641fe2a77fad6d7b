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
    const int Alignment = 64;

    readonly WorkerPool _pool;
    readonly Lock _oneAtATime = new();
    readonly Action<int, int> _packTiles;
    readonly Action<int, int> _multiplyPanels;

    // The current block, guarded by _oneAtATime.
    LowPrecisionWeight _weight = null!;
    Matrix _x;
    Matrix _y;
    Matrix _bias;
    RowScale[] _scales = [];
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
            LowPrecisionTile tile = weight.Format.Tile;
            int blockRows = tile.Rows * tile.TilesOfBlock;
            Reserve(blockRows, weight.Words);
            _weight = weight;
            _bias = bias;
            for (int row = 0; row < y.Rows; row += blockRows)
            {
                int rows = Math.Min(blockRows, y.Rows - row);
                _x = x.Slice(row, rows);
                _y = y.Slice(row, rows);
                _pool.For(CeilingDivide(rows, tile.Rows), 1, _packTiles);
                _pool.For(CeilingDivide(y.Columns, LowPrecisionTile.Columns), 1, _multiplyPanels);
            }
        }
    }

    public void Dispose() => NativeMemory.AlignedFree(_packed);

    void Reserve(int rows, int words)
    {
        if (_scales.Length < rows) _scales = new RowScale[rows];
        if (rows * words <= _capacity) return;
        NativeMemory.AlignedFree(_packed);
        _packed = (int*)NativeMemory.AlignedAlloc((nuint)(rows * words * sizeof(int)), Alignment);
        _capacity = rows * words;
    }

    int* Tile(int index) => _packed + (long)index * _weight.Format.Tile.Rows * _weight.Words;

    void PackTiles(int from, int to)
    {
        LowPrecisionTile tile = _weight.Format.Tile;
        int words = _weight.Words;
        int* rows = (int*)NativeMemory.AlignedAlloc((nuint)(tile.Rows * words * sizeof(int)), Alignment);
        for (int index = from; index < to; index++)
        {
            int first = index * tile.Rows;
            int count = Math.Min(tile.Rows, _y.Rows - first);
            for (int row = 0; row < count; row++)
            {
                Span<int> target = new(rows + row * words, words);
                _scales[first + row] = _weight.Format.PackActivation(Row(_x, first + row), target);
            }
            tile.Pack(rows, count, words, Tile(index));
        }
        NativeMemory.AlignedFree(rows);
    }

    void MultiplyPanels(int from, int to)
    {
        LowPrecisionTile tile = _weight.Format.Tile;
        int* sums = stackalloc int[tile.Rows * LowPrecisionTile.Columns];
        int tiles = CeilingDivide(_y.Rows, tile.Rows);
        int steps = _weight.Words / tile.WordsOfStep;
        int stepBytes = tile.WordsOfStep * LowPrecisionTile.Columns * sizeof(int);
        tile.Begin();
        for (int panel = from; panel < to; panel++)
            for (int index = 0; index < tiles; index++)
            {
                // The tiles of a panel load the lines of the next one.
                long part = (long)index * steps * stepBytes / tiles;
                TileArguments arguments = new()
                {
                    Steps = steps,
                    A = Tile(index),
                    B = _weight.Panel(panel),
                    Sums = sums,
                    Next = (byte*)_weight.Panel(panel + 1) + part,
                    NextBytes = CeilingDivide(stepBytes, tiles),
                };
                int first = index * tile.Rows;
                int rows = Math.Min(tile.Rows, _y.Rows - first);
                tile.Run(arguments, rows);
                Finish(sums, panel * LowPrecisionTile.Columns, first, rows);
            }
        tile.End();
    }

    void Finish(int* sums, int column, int row, int rows)
    {
        float* bias = _bias.IsPresent ? (float*)_bias.Address + column : null;
        int count = Math.Min(LowPrecisionTile.Columns, _y.Columns - column);
        ColumnScales columns = new(count, _weight.Scales + column, _weight.Sums + column, bias);
        float* y = (float*)_y.Address + (long)row * _y.Columns + column;
        _weight.Format.Finish(sums, _scales.AsSpan(row, rows), columns, y, _y.Columns);
    }
}
