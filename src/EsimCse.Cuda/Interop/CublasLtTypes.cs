using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EsimCse.Cuda.Interop;

/// <summary>The results of cuBLASLt that the engine tells apart (cublasStatus_t, without CUBLAS_STATUS_).</summary>
enum CublasStatus
{
    Success = 0,
    NotSupported = 15,
}

/// <summary>cudaDataType.</summary>
enum CudaDataType
{
    R32F = 0,
    R16F = 2,
    R16BF = 14,
}

/// <summary>cublasComputeType_t.</summary>
enum CublasComputeType
{
    Compute32F = 68,
}

/// <summary>cublasOperation_t: whether an operand is transposed.</summary>
enum CublasOperation
{
    N = 0,
    T = 1,
}

/// <summary>cublasLtEpilogue_t.</summary>
enum CublasLtEpilogue
{
    Default = 1,
    Bias = 4,
}

/// <summary>cublasLtReductionScheme_t.</summary>
[Flags]
enum CublasLtReductionScheme
{
    None = 0,
    InPlace = 1,
    ComputeType = 2,
    OutputType = 4,
}

/// <summary>cublasLtMatmulDescAttributes_t.</summary>
enum CublasLtMatmulDesc
{
    TransA = 3,
    TransB = 4,
    Epilogue = 7,
    BiasPointer = 8,
    BiasDataType = 26,
}

/// <summary>cublasLtMatrixLayoutAttribute_t.</summary>
enum CublasLtMatrixLayout
{
    BatchCount = 5,
    StridedBatchOffset = 6,
}

/// <summary>cublasLtMatmulPreferenceAttributes_t.</summary>
enum CublasLtMatmulPref
{
    MaxWorkspaceBytes = 1,
    ReductionSchemeMask = 3,
    MinAlignmentABytes = 5,
    MinAlignmentBBytes = 6,
    MinAlignmentCBytes = 7,
    MinAlignmentDBytes = 8,
}

/// <summary>cublasLtMatmulAlgoConfigAttributes_t.</summary>
enum CublasLtAlgoConfig
{
    Id = 0,
    SplitKNum = 2,
    ReductionScheme = 3,
}

/// <summary>cublasLtMatmulAlgo_t: an opaque description of an algorithm.</summary>
[StructLayout(LayoutKind.Sequential)]
struct MatmulAlgorithm
{
    Words _words;

    [InlineArray(8)]
    struct Words
    {
        ulong _first;
    }
}

/// <summary>cublasLtMatmulHeuristicResult_t: an algorithm that the heuristic proposes.</summary>
[StructLayout(LayoutKind.Sequential)]
struct MatmulHeuristic
{
    public MatmulAlgorithm Algo;
    public nuint WorkspaceSize;
    public CublasStatus State;
    public float WavesCount;
    readonly Reserved _reserved;

    [InlineArray(4)]
    struct Reserved
    {
        int _first;
    }
}
