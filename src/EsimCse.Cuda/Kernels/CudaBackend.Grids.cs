using EsimCse.Core.Backend;
using EsimCse.Cuda.Kernels;

namespace EsimCse.Cuda;

/// <summary>The grids that several operations share, as their kernels expect them.</summary>
partial class CudaBackend
{
    const int VectorBytes = 16;

    static long Vectors(Matrix x) => x.Bytes % VectorBytes == 0 ? x.Bytes / VectorBytes : throw new ArgumentException($"{x}: expected a multiple of {VectorBytes} bytes");

    static LaunchConfig PerVector(Matrix x) => new(checked((int)((Vectors(x) + 255) / 256)), 256);

    static LaunchConfig PerRow(int rows) => new(rows, 128);

    static LaunchConfig PerWarp(int warps) => new((warps + 3) / 4, 128);

    /// <summary>Blocks of 8 vectors of columns.</summary>
    static LaunchConfig SummedColumns(int columns, int elementSize, int parts) => new((columns * elementSize + 8 * VectorBytes - 1) / (8 * VectorBytes), 256, BlocksY: parts);

    static LaunchConfig PerChunk(Matrix chunks) => new(chunks.Rows, 256);

    static int Sentences(Matrix offsets) => offsets.IsPresent ? offsets.Columns - 1 : 0;
}
