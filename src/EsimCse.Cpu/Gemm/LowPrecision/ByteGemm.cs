using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using EsimCse.Core.Backend;
using static EsimCse.Cpu.CpuBackend;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>y = x wᵀ of numbers that are bytes already, w in <see cref="BytePanels"/>. The sums are exact.</summary>
static unsafe class ByteGemm
{
    const int Alignment = 64;

    /// <summary>Computes y, each sum rounded to fp32 once.</summary>
    /// <param name="pool">Threads, among which the panels are divided.</param>
    /// <param name="tile">The micro-kernel.</param>
    /// <param name="x">[M,K], Int8 of −127 … 127.</param>
    /// <param name="w">[N,K], Int8 in panels.</param>
    /// <param name="y">[M,N], Float32.</param>
    public static void Multiply(WorkerPool pool, VectorTile tile, Matrix x, Matrix w, Matrix y)
    {
        int words = CeilingDivide(x.Columns, BytePanels.WordColumns);
        int tiles = CeilingDivide(x.Rows, VectorTile.Height);
        long tileWords = (long)tiles * words * VectorTile.Height;
        int* packed = (int*)NativeMemory.AlignedAlloc((nuint)tileWords * sizeof(int), Alignment);
        int[] offsets = new int[x.Rows];
        try
        {
            Pack(x, words, packed, offsets);
            Block block = new(tile, packed, offsets, words, (byte*)w.Address, y);
            pool.For((int)BytePanels.Count(y.Columns), 1, block.Multiply);
        }
        finally
        {
            NativeMemory.AlignedFree(packed);
        }
    }

    /// <summary>Packs tiles of x, word after word of all rows, and computes what the offset of w adds.</summary>
    static void Pack(Matrix x, int words, int* packed, int[] offsets)
    {
        int[] row = new int[words];
        for (int i = 0; i < x.Rows; i++)
        {
            ReadOnlySpan<sbyte> numbers = new((sbyte*)x.Address + (long)i * x.Columns, x.Columns);
            numbers.CopyTo(MemoryMarshal.Cast<int, sbyte>(row.AsSpan()));
            int sum = 0;
            foreach (sbyte number in numbers) sum += number;
            offsets[i] = BytePanels.Offset * sum;
            int tile = i / VectorTile.Height;
            int* target = packed + (long)tile * VectorTile.Height * words + i % VectorTile.Height;
            for (int word = 0; word < words; word++) target[word * VectorTile.Height] = row[word];
        }
    }

    /// <summary>The operands of a product.</summary>
    sealed class Block(VectorTile microKernel, int* packed, int[] offsets, int words, byte* w, Matrix y)
    {
        /// <summary>Multiplies the panels [from, to), each with all tiles of x.</summary>
        public void Multiply(int from, int to)
        {
            int* sums = stackalloc int[VectorTile.Height * LowPrecisionTile.Columns];
            int tiles = CeilingDivide(y.Rows, VectorTile.Height);
            long panelBytes = (long)words * LowPrecisionTile.Columns * sizeof(int);
            for (int panel = from; panel < to; panel++)
                for (int tile = 0; tile < tiles; tile++)
                {
                    // The tiles of a panel load the lines of the next one.
                    byte* address = w + panel * panelBytes;
                    TileArguments arguments = new()
                    {
                        Steps = words,
                        A = packed + (long)tile * VectorTile.Height * words,
                        B = (int*)address,
                        Sums = sums,
                        Next = address + panelBytes + panelBytes * tile / tiles,
                        NextBytes = CeilingDivide(LowPrecisionTile.Columns * sizeof(int), tiles),
                    };
                    int first = tile * VectorTile.Height;
                    int rows = Math.Min(VectorTile.Height, y.Rows - first);
                    microKernel.Run(arguments, rows);
                    Store(sums, first, rows, panel * LowPrecisionTile.Columns);
                }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        void Store(int* sums, int firstRow, int rows, int column)
        {
            int columns = Math.Min(LowPrecisionTile.Columns, y.Columns - column);
            float* target = (float*)y.Address + (long)firstRow * y.Columns + column;
            for (int row = 0; row < rows; row++, target += y.Columns, sums += LowPrecisionTile.Columns)
            {
                int offset = offsets[firstRow + row];
                int i = 0;
                for (; i <= columns - Vector256<int>.Count; i += Vector256<int>.Count)
                    Vector256.ConvertToSingle(Vector256.Load(sums + i) - Vector256.Create(offset)).Store(target + i);
                for (; i < columns; i++) target[i] = sums[i] - offset;
            }
        }
    }
}
