using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EsimCse.Core;

namespace EsimCse.Cuda.Interop;

/// <summary>Bindings of cuBLASLt.</summary>
static unsafe partial class CublasLt
{
    const string Library = CudaLibraries.CublasLt;

    static CublasLt() => CudaLibraries.Register();

    [LibraryImport(Library, EntryPoint = "cublasLtGetVersion")]
    public static partial nuint GetVersion();

    [LibraryImport(Library, EntryPoint = "cublasLtGetStatusString")]
    public static partial byte* GetStatusString(CublasStatus status);

    [LibraryImport(Library, EntryPoint = "cublasLtCreate")]
    public static partial CublasStatus Create(out nint handle);

    [LibraryImport(Library, EntryPoint = "cublasLtDestroy")]
    public static partial CublasStatus Destroy(nint handle);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmulDescCreate")]
    public static partial CublasStatus MatmulDescCreate(
        out nint desc, CublasComputeType computeType, CudaDataType scaleType);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmulDescDestroy")]
    public static partial CublasStatus MatmulDescDestroy(nint desc);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmulDescSetAttribute")]
    public static partial CublasStatus MatmulDescSetAttribute(
        nint desc, CublasLtMatmulDesc attribute, void* value, nuint bytes);

    [LibraryImport(Library, EntryPoint = "cublasLtMatrixLayoutCreate")]
    public static partial CublasStatus MatrixLayoutCreate(
        out nint layout, CudaDataType type, ulong rows, ulong cols, long ld);

    [LibraryImport(Library, EntryPoint = "cublasLtMatrixLayoutSetAttribute")]
    public static partial CublasStatus MatrixLayoutSetAttribute(
        nint layout, CublasLtMatrixLayout attribute, void* value, nuint bytes);

    [LibraryImport(Library, EntryPoint = "cublasLtMatrixLayoutDestroy")]
    public static partial CublasStatus MatrixLayoutDestroy(nint layout);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmulPreferenceCreate")]
    public static partial CublasStatus MatmulPreferenceCreate(out nint preference);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmulPreferenceDestroy")]
    public static partial CublasStatus MatmulPreferenceDestroy(nint preference);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmulPreferenceSetAttribute")]
    public static partial CublasStatus MatmulPreferenceSetAttribute(
        nint preference, CublasLtMatmulPref attribute, void* value, nuint bytes);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmulAlgoGetHeuristic")]
    public static partial CublasStatus MatmulAlgoGetHeuristic(nint handle, nint desc,
        nint aLayout, nint bLayout, nint cLayout, nint dLayout, nint preference,
        int requestedCount, MatmulHeuristic* results, out int returnedCount);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmulAlgoCheck")]
    public static partial CublasStatus MatmulAlgoCheck(nint handle, nint desc,
        nint aLayout, nint bLayout, nint cLayout, nint dLayout, in MatmulAlgorithm algo, out MatmulHeuristic result);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmulAlgoConfigGetAttribute")]
    public static partial CublasStatus MatmulAlgoConfigGetAttribute(
        in MatmulAlgorithm algo, CublasLtAlgoConfig attribute, void* value, nuint bytes, nuint* bytesWritten);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmul")]
    public static partial CublasStatus Matmul(nint handle, nint desc,
        in float alpha, nint a, nint aLayout, nint b, nint bLayout,
        in float beta, nint c, nint cLayout, nint d, nint dLayout,
        in MatmulAlgorithm algo, nint workspace, nuint workspaceBytes, nint stream);

    /// <summary>Throws if a call failed, with the call and cuBLASLt's text.</summary>
    /// <exception cref="DeviceException">The call failed.</exception>
    public static void ThrowIfFailed(
        this CublasStatus status, [CallerArgumentExpression(nameof(status))] string call = "")
    {
        if (status == CublasStatus.Success) return;
        throw new DeviceException($"{call}: {Marshal.PtrToStringUTF8((nint)GetStatusString(status))}");
    }
}
