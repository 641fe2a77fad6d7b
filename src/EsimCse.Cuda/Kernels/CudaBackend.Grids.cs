using EsimCse.Core.Backend;
using EsimCse.Cuda.Kernels;

namespace EsimCse.Cuda;

/// <summary>The launch configurations that several operations share.</summary>
partial class CudaBackend
{
    const int VectorBytes = 16;
    const int SumVectorsPerBlock = 8;

    static long Vectors(Matrix x)
    {
        if (x.Bytes % VectorBytes != 0) throw new ArgumentException($"{x}: expected a multiple of {VectorBytes} bytes");
        return x.Bytes / VectorBytes;
    }

    static LaunchConfig PerThread(long threads) => new(checked((int)CeilingDivide(threads, 256)), 256);

    static LaunchConfig PerVector(Matrix x) => PerThread(Vectors(x));

    static LaunchConfig PerRow(int rows) => new(rows, 128);

    static LaunchConfig PerWarp(int warps) => new(CeilingDivide(warps, 4), 128);

    static LaunchConfig PerChunk(Matrix chunks) => new(chunks.Rows, 256);

    /// <summary>Returns a block per <see cref="SumVectorsPerBlock"/> vectors of columns and part of the rows.</summary>
    static LaunchConfig PerColumnSums(int columns, int elementSize, int parts)
    {
        int blocks = CeilingDivide(columns * elementSize, SumVectorsPerBlock * VectorBytes);
        return new(blocks, 256, BlocksY: parts);
    }

    /// <summary>Returns one thread, in a warp; no block if <paramref name="count"/> is 0.</summary>
    static LaunchConfig SingleWarp(int count = 1) => new(Math.Min(1, count), 32);

    /// <summary>Returns the number of blocks: one per sentence, and one for the padding rows.</summary>
    static int BlocksWithPadding(PackedBatch batch) => batch.Tokens == 0 ? 0 : batch.Sentences + 1;

    static int Sentences(Matrix offsets) => offsets.IsPresent ? offsets.Columns - 1 : 0;

    static int CeilingDivide(int dividend, int divisor) => (dividend + divisor - 1) / divisor;

    static long CeilingDivide(long dividend, long divisor) => (dividend + divisor - 1) / divisor;
}
