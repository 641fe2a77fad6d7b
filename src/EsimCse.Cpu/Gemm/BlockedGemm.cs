using System.Runtime.InteropServices;
using EsimCse.Core.Backend;

namespace EsimCse.Cpu.Gemm;

/// <summary>The loops around a micro-kernel: blocks for the caches, panels packed for the registers, tiles shared among the cores.</summary>
sealed unsafe class BlockedGemm<TKernel> : Gemm where TKernel : unmanaged, IMicroKernel
{
    /// <summary>A panel of B of this depth stays in the first-level cache, beside one of A.</summary>
    const int BlockDepth = 256;

    /// <summary>A block of A of this many rows stays in the second-level cache. A multiple of every variant's rows.</summary>
    const int BlockRows = 240;

    /// <summary>A block of B of this many columns stays in the last-level cache. A multiple of every variant's columns.</summary>
    const int BlockColumns = 3072;

    readonly WorkerPool _cores;
    readonly Lock _oneAtATime = new();
    readonly float* _packedB = Allocate(BlockColumns * BlockDepth);
    readonly float** _packedA;

    public BlockedGemm(WorkerPool cores)
    {
        _cores = cores;
        _packedA = (float**)NativeMemory.Alloc((nuint)cores.Count, (nuint)sizeof(float*));
        for (int i = 0; i < cores.Count; i++) _packedA[i] = Allocate(BlockRows * BlockDepth);
    }

    public override void Multiply(Operand a, Operand b, int depth, bool accumulate, Matrix c)
    {
        if (c.Count == 0) return;
        if (depth == 0 && !accumulate) NativeMemory.Clear((void*)c.Address, (nuint)c.Bytes);
        lock (_oneAtATime)
            for (int column = 0; column < c.Columns; column += BlockColumns)
                for (int k = 0; k < depth; k += BlockDepth)
                {
                    int columns = Math.Min(BlockColumns, c.Columns - column), blockDepth = Math.Min(BlockDepth, depth - k);
                    _cores.For(Ceiling(columns, TKernel.Columns), 4, new PackB(b, k, blockDepth, column, columns, _packedB));
                    _cores.For(_cores.Count, 1, Plan(a, k, blockDepth, c, column, columns, accumulate || k > 0));
                }
    }

    public override void Dispose()
    {
        NativeMemory.AlignedFree(_packedB);
        for (int i = 0; i < _cores.Count; i++) NativeMemory.AlignedFree(_packedA[i]);
        NativeMemory.Free(_packedA);
    }

    static float* Allocate(int count) => (float*)NativeMemory.AlignedAlloc((nuint)count * sizeof(float), 64);

    static int Ceiling(int value, int divisor) => (value + divisor - 1) / divisor;

    /// <summary>Cuts C into as many blocks of rows as keeps every core busy, and into groups of panels where the rows are too few for that.</summary>
    Tiles Plan(Operand a, int k, int depth, Matrix c, int column, int columns, bool continues)
    {
        int blocks = Ceiling(Ceiling(c.Rows, BlockRows), _cores.Count) * _cores.Count;
        int rows = Math.Min(BlockRows, Ceiling(Ceiling(c.Rows, blocks), TKernel.Rows) * TKernel.Rows);
        blocks = Ceiling(c.Rows, rows);
        int panels = Ceiling(columns, TKernel.Columns);
        int groups = Math.Min(panels, blocks >= _cores.Count ? 1 : Ceiling(_cores.Count, blocks));
        return new Tiles
        {
            A = a,
            K = k,
            Depth = depth,
            C = (float*)c.Address,
            Stride = c.Columns,
            Rows = c.Rows,
            Column = column,
            Columns = columns,
            Continues = continues,
            BlockRows = rows,
            Groups = groups,
            GroupPanels = Ceiling(panels, groups),
            Items = blocks * groups,
            PackedB = _packedB,
            PackedA = _packedA,
            Parts = _cores.Count,
        };
    }

    readonly struct PackB(Operand b, int k, int depth, int column, int columns, float* target) : IRangeBody
    {
        public void Run(int from, int to)
        {
            for (int panel = from; panel < to; panel++)
            {
                int first = panel * TKernel.Columns;
                b.PackColumns(k, depth, column + first, Math.Min(TKernel.Columns, columns - first), TKernel.Columns, target + (long)first * depth);
            }
        }
    }

    struct Tiles : IRangeBody
    {
        public Operand A;
        public float* C, PackedB;
        public float** PackedA;
        public int K, Depth, Stride, Rows, Column, Columns, BlockRows, Groups, GroupPanels, Items, Parts;
        public bool Continues;

        /// <summary>A part is a share of the items with a packing buffer of its own.</summary>
        public readonly void Run(int from, int to)
        {
            for (int part = from; part < to; part++)
            {
                int end = (int)((long)Items * (part + 1) / Parts), packedBlock = -1;
                for (int item = (int)((long)Items * part / Parts); item < end; item++)
                {
                    int block = item / Groups, group = item % Groups;
                    if (block != packedBlock) Pack(packedBlock = block, PackedA[part]);
                    Multiply(block, group, PackedA[part]);
                }
            }
        }

        readonly void Pack(int block, float* packed)
        {
            int first = block * BlockRows, end = Math.Min(first + BlockRows, Rows);
            for (int row = first; row < end; row += TKernel.Rows)
                A.PackRows(row, Math.Min(TKernel.Rows, end - row), K, Depth, TKernel.Rows, packed + (long)(row - first) * Depth);
        }

        readonly void Multiply(int block, int group, float* packed)
        {
            int first = block * BlockRows, end = Math.Min(first + BlockRows, Rows);
            int endColumn = Math.Min((group + 1) * GroupPanels * TKernel.Columns, Columns);
            for (int column = group * GroupPanels * TKernel.Columns; column < endColumn; column += TKernel.Columns)
                for (int row = first; row < end; row += TKernel.Rows)
                {
                    int rows = Math.Min(TKernel.Rows, end - row), columns = Math.Min(TKernel.Columns, endColumn - column);
                    float* a = packed + (long)(row - first) * Depth, b = PackedB + (long)column * Depth, c = C + (long)row * Stride + Column + column;
                    if (rows == TKernel.Rows && columns == TKernel.Columns) TKernel.Run(Depth, a, b, c, Stride, Continues);
                    else Edge(a, b, c, rows, columns);
                }
        }

        /// <summary>A tile that hangs over C's border is computed whole, beside it.</summary>
        readonly void Edge(float* a, float* b, float* c, int rows, int columns)
        {
            float* tile = stackalloc float[TKernel.Rows * TKernel.Columns];
            new Span<float>(tile, TKernel.Rows * TKernel.Columns).Clear();
            for (int row = 0; row < rows && Continues; row++) Copy(c + (long)row * Stride, tile + row * TKernel.Columns, columns);
            TKernel.Run(Depth, a, b, tile, TKernel.Columns, Continues);
            for (int row = 0; row < rows; row++) Copy(tile + row * TKernel.Columns, c + (long)row * Stride, columns);
        }

        static void Copy(float* source, float* target, int count) => new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(target, count));
    }
}
