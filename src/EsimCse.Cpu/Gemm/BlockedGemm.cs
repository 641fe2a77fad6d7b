using System.Runtime.InteropServices;
using EsimCse.Core.Backend;
using static EsimCse.Cpu.CpuBackend;

namespace EsimCse.Cpu.Gemm;

/// <summary>
/// The loops around a micro-kernel: blocks sized for the caches, panels packed for the registers, tiles shared among
/// the threads. Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 2008.
/// </summary>
sealed unsafe class BlockedGemm<TKernel> : Sgemm where TKernel : unmanaged, IMicroKernel
{
    /// <summary>Most depth of a block: a panel of A fits the first-level cache, one of B the second-level.</summary>
    const int BlockDepth = 512;

    /// <summary>Rows of a block of A that stays in the second-level cache; a multiple of each variant's rows.</summary>
    const int BlockRows = 120;

    /// <summary>Columns of a block of B that stays in the last-level cache; a multiple of each variant's.</summary>
    const int BlockColumns = 3072;

    readonly WorkerPool _pool;
    readonly Lock _oneAtATime = new();
    readonly float* _packedB = Allocate(BlockColumns * BlockDepth);
    readonly float** _packedA;

    // Created once: a closure for each of the many small products costs measurable time.
    readonly Action<int, int> _packB;
    readonly Action<int, int> _multiplyTiles;

    // The current block, guarded by _oneAtATime.
    Operand _b;
    GemmTiles<TKernel> _tiles;

    public BlockedGemm(WorkerPool pool)
    {
        _pool = pool;
        _packB = PackB;
        _multiplyTiles = MultiplyTiles;
        _packedA = (float**)NativeMemory.Alloc((nuint)pool.Threads, (nuint)sizeof(float*));
        for (int i = 0; i < pool.Threads; i++) _packedA[i] = Allocate(BlockRows * BlockDepth);
    }

    public override void Multiply(Operand a, Operand b, int depth, bool accumulate, Matrix bias, Matrix c)
    {
        if (c.Count == 0) return;
        int blocks = Math.Max(1, CeilingDivide(depth, BlockDepth));
        lock (_oneAtATime)
            for (int column = 0; column < c.Columns; column += BlockColumns)
            {
                int columns = Math.Min(BlockColumns, c.Columns - column);
                for (int block = 0; block < blocks; block++)
                {
                    (int k, int end) = BlockRange(depth, block, blocks);
                    _b = b;
                    _tiles = Plan(a, k, end - k, c, column, columns) with
                    {
                        PackedB = _packedB,
                        Accumulate = accumulate || k > 0,
                        Bias = end == depth ? (float*)bias.Address : null,
                    };
                    _pool.For(CeilingDivide(columns, TKernel.Columns), 4, _packB);
                    _pool.For(_pool.Threads, 1, _multiplyTiles);
                }
            }
    }

    public override void Multiply(Operand a, PackedMatrix b, Matrix bias, Matrix c)
    {
        if (c.Count == 0) return;
        int blocks = CeilingDivide(b.Depth, BlockDepth);
        lock (_oneAtATime)
            for (int block = 0; block < blocks; block++)
            {
                (int k, int end) = BlockRange(b.Depth, block, blocks);
                _tiles = Plan(a, k, end - k, c, 0, c.Columns) with
                {
                    PackedB = b.Block(k),
                    Accumulate = k > 0,
                    Bias = end == b.Depth ? (float*)bias.Address : null,
                };
                _pool.For(_pool.Threads, 1, _multiplyTiles);
            }
    }

    public override PackedMatrix Pack(Operand b, int depth, int columns)
    {
        PackedMatrix packed = new(depth, columns, TKernel.Columns);
        int blocks = CeilingDivide(depth, BlockDepth);
        _pool.For(CeilingDivide(columns, TKernel.Columns), 1, (from, to) =>
        {
            for (int block = 0; block < blocks; block++)
            {
                (int k, int end) = BlockRange(depth, block, blocks);
                PackPanels(b, k, end - k, 0, columns, packed.Block(k), from, to);
            }
        });
        return packed;
    }

    public override void Dispose()
    {
        NativeMemory.AlignedFree(_packedB);
        for (int i = 0; i < _pool.Threads; i++) NativeMemory.AlignedFree(_packedA[i]);
        NativeMemory.Free(_packedA);
    }

    static float* Allocate(int count) => (float*)NativeMemory.AlignedAlloc((nuint)count * sizeof(float), 64);

    /// <summary>Returns the first row of a block and the one after its last.</summary>
    static (int First, int End) BlockRange(int depth, int block, int blocks) =>
        ((int)((long)depth * block / blocks), (int)((long)depth * (block + 1) / blocks));

    void PackB(int from, int to) =>
        PackPanels(_b, _tiles.K, _tiles.Depth, _tiles.Column, _tiles.Columns, _packedB, from, to);

    /// <summary>Packs the panels [from, to) of a block of B that starts at a row k and a column.</summary>
    static void PackPanels(Operand b, int k, int depth, int column, int columns, float* packed, int from, int to)
    {
        for (int panel = from; panel < to; panel++)
        {
            int first = panel * TKernel.Columns;
            int width = Math.Min(TKernel.Columns, columns - first);
            b.PackColumns(k, depth, column + first, width, TKernel.Columns, packed + (long)first * depth);
        }
    }

    /// <summary>
    /// Cuts C into blocks of rows that keep every thread busy, and into groups of panels where there are too few rows.
    /// </summary>
    GemmTiles<TKernel> Plan(Operand a, int k, int depth, Matrix c, int column, int columns)
    {
        int threads = _pool.Threads;
        int blocks = CeilingDivide(CeilingDivide(c.Rows, BlockRows), threads) * threads;
        int tileRows = CeilingDivide(CeilingDivide(c.Rows, blocks), TKernel.Rows);
        int blockRows = Math.Min(BlockRows, tileRows * TKernel.Rows);
        blocks = CeilingDivide(c.Rows, blockRows);
        int panels = CeilingDivide(columns, TKernel.Columns);
        int groups = blocks >= threads ? 1 : Math.Min(panels, CeilingDivide(threads, blocks));
        return new GemmTiles<TKernel>
        {
            A = a,
            K = k,
            Depth = depth,
            C = (float*)c.Address,
            Stride = c.Columns,
            Rows = c.Rows,
            Column = column,
            Columns = columns,
            BlockRows = blockRows,
            Blocks = blocks,
            Groups = groups,
            GroupColumns = CeilingDivide(panels, groups) * TKernel.Columns,
        };
    }

    /// <summary>Gives each thread a contiguous part of the items and a packing buffer of its own.</summary>
    void MultiplyTiles(int from, int to)
    {
        for (int part = from; part < to; part++)
        {
            int first = (int)((long)_tiles.Items * part / _pool.Threads);
            int end = (int)((long)_tiles.Items * (part + 1) / _pool.Threads);
            _tiles.Multiply(first, end, _packedA[part]);
        }
    }
}
