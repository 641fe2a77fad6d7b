using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EsimCse.Core;

namespace EsimCse.Cuda.Interop;

/// <summary>Results of cuBLASLt that we tell apart.</summary>
enum CublasResult
{
    Success = 0,
}

/// <summary>Element types as the libraries number them (cudaDataType).</summary>
enum CudaDataType
{
    Float32 = 0,
    Float16 = 2,
    BFloat16 = 14,
}

/// <summary>What an algorithm of a product is; opaque.</summary>
[StructLayout(LayoutKind.Sequential)]
struct MatmulAlgorithm
{
    AlgorithmWords _words;

    [InlineArray(8)]
    struct AlgorithmWords
    {
        ulong _first;
    }
}

/// <summary>What the heuristic proposes.</summary>
[StructLayout(LayoutKind.Sequential)]
struct MatmulHeuristic
{
    public MatmulAlgorithm Algorithm;
    public nuint WorkspaceBytes;
    public CublasResult State;
    public float Waves;
    readonly ReservedWords _reserved;

    [InlineArray(4)]
    struct ReservedWords
    {
        int _first;
    }
}

/// <summary>cuBLASLt, of it what is called.</summary>
static unsafe partial class CublasLt
{
    public const int Compute32F = 68, EpilogueDefault = 1, EpilogueBias = 4;
    public const int DescTransposeA = 3, DescTransposeB = 4, DescEpilogue = 7, DescBiasPointer = 8, DescBiasDataType = 26;
    public const int PreferenceWorkspaceBytes = 1, PreferenceReductionSchemes = 3;
    public const int AlgorithmId = 0, AlgorithmSplitK = 2;

    const string Library = CudaLibraries.Products;

    static CublasLt() => CudaLibraries.Register();

    [LibraryImport(Library, EntryPoint = "cublasLtGetVersion")]
    public static partial nuint GetVersion();

    [LibraryImport(Library, EntryPoint = "cublasLtGetStatusString")]
    public static partial byte* GetStatusString(CublasResult status);

    [LibraryImport(Library, EntryPoint = "cublasLtCreate")]
    public static partial CublasResult Create(out nint handle);

    [LibraryImport(Library, EntryPoint = "cublasLtDestroy")]
    public static partial CublasResult Destroy(nint handle);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmulDescCreate")]
    public static partial CublasResult DescCreate(out nint desc, int compute, CudaDataType scale);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmulDescDestroy")]
    public static partial CublasResult DescDestroy(nint desc);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmulDescSetAttribute")]
    public static partial CublasResult DescSetAttribute(nint desc, int attribute, void* value, nuint bytes);

    [LibraryImport(Library, EntryPoint = "cublasLtMatrixLayoutCreate")]
    public static partial CublasResult LayoutCreate(out nint layout, CudaDataType type, ulong rows, ulong columns, long leading);

    [LibraryImport(Library, EntryPoint = "cublasLtMatrixLayoutDestroy")]
    public static partial CublasResult LayoutDestroy(nint layout);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmulPreferenceCreate")]
    public static partial CublasResult PreferenceCreate(out nint preference);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmulPreferenceDestroy")]
    public static partial CublasResult PreferenceDestroy(nint preference);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmulPreferenceSetAttribute")]
    public static partial CublasResult PreferenceSetAttribute(nint preference, int attribute, void* value, nuint bytes);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmulAlgoGetHeuristic")]
    public static partial CublasResult GetHeuristic(nint handle, nint desc, nint a, nint b, nint c, nint d, nint preference,
        int requested, MatmulHeuristic* proposals, out int returned);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmulAlgoConfigGetAttribute")]
    public static partial CublasResult AlgorithmGetAttribute(in MatmulAlgorithm algorithm, int attribute, void* value, nuint bytes, nuint* written);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmul")]
    public static partial CublasResult Matmul(nint handle, nint desc, in float alpha, nint a, nint aLayout, nint b, nint bLayout,
        in float beta, nint c, nint cLayout, nint d, nint dLayout, in MatmulAlgorithm algorithm, nint workspace, nuint workspaceBytes, nint stream);

    /// <summary>Throws what a failed call says.</summary>
    public static void ThrowIfFailed(this CublasResult result, [CallerArgumentExpression(nameof(result))] string call = "")
    {
        if (result != CublasResult.Success) throw new DeviceException($"{call}: {Marshal.PtrToStringUTF8((nint)GetStatusString(result))}");
    }
}
