using System.Diagnostics.CodeAnalysis;
using EsimCse.Core.Backend;
using EsimCse.Cuda.Kernels;

namespace EsimCse.Cuda;

/// <summary>Launch configurations that several operations share.</summary>
partial class CudaBackend
{
    const int VectorBytes = 16;
    const int WarpThreads = 32;

    static long Vectors(Matrix x)
    {
        if (x.Bytes % VectorBytes != 0) ThrowNotInVectors(x);
        return x.Bytes / VectorBytes;
    }

    /// <summary>A thread for each vector of 16 bytes.</summary>
    static LaunchConfig PerVector(Matrix x) => new(checked((int)((Vectors(x) + 255) / 256)), 256);

    /// <summary>A block for each row.</summary>
    static LaunchConfig PerRow(int rows) => new(rows, 128);

    /// <summary>Blocks of four warps.</summary>
    static LaunchConfig PerWarp(int warps) => new((warps + 3) / 4, 4 * WarpThreads);

    /// <summary>A block for each 8 vectors of columns and each part of the rows.</summary>
    static LaunchConfig SummedColumns(int columns, int elementSize, int parts)
    {
        const int blockBytes = 8 * VectorBytes;
        return new((columns * elementSize + blockBytes - 1) / blockBytes, 256, BlocksY: parts);
    }

    /// <summary>A block for each row of a table of chunks.</summary>
    static LaunchConfig PerChunk(Matrix chunks) => new(chunks.Rows, 256);

    static int Sentences(Matrix offsets) => offsets.IsPresent ? offsets.Columns - 1 : 0;

    [DoesNotReturn]
    static void ThrowNotInVectors(Matrix x) =>
        throw new ArgumentException($"{x}: expected a multiple of {VectorBytes} bytes");
}
