using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using EsimCse.Cuda.Interop;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>
/// Compares our bindings and SoftCuda's exports with NVIDIA's headers, in the folder that the variable
/// ESIMCSE_CUDA_INCLUDE names: a C++ file of static assertions is given to g++. Parameters agree if they are passed in
/// the same way: in size, and as a float or not.
/// </summary>
public partial class HeaderTests
{
    const string Start = """
        #include <cstddef>
        #include <cstdint>
        #include <type_traits>
        #include "cuda.h"
        #include "nvrtc.h"
        #include "cublasLt.h"
        template <class A, class B> constexpr bool alike =
            sizeof(A) == sizeof(B) && std::is_floating_point_v<A> == std::is_floating_point_v<B>;
        template <class R, class... A, class Q, class... B> constexpr bool same(R (*)(A...), Q (*)(B...))
        {
            if constexpr (sizeof...(A) == sizeof...(B)) return alike<R, Q> && (alike<A, B> && ...);
            else return false;
        }

        """;

    /// <summary>Our numbers, and the headers' names for them.</summary>
    static readonly (int Value, string Name)[] Numbers =
    [
        ((int)CudaResult.OutOfMemory, "CUDA_ERROR_OUT_OF_MEMORY"),
        ((int)CudaResult.NoDevice, "CUDA_ERROR_NO_DEVICE"),
        ((int)CudaResult.NotReady, "CUDA_ERROR_NOT_READY"),
        ((int)CudaDeviceAttribute.MultiprocessorCount, "CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT"),
        ((int)CudaDeviceAttribute.ComputeCapabilityMajor, "CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR"),
        ((int)CudaDeviceAttribute.ComputeCapabilityMinor, "CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR"),
        (
            (int)CudaDeviceAttribute.MaxSharedMemoryPerBlockOptin,
            "CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN"),
        ((int)CudaFunctionAttribute.MaxDynamicSharedSizeBytes, "CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES"),
        ((int)CudaStreamFlags.NonBlocking, "CU_STREAM_NON_BLOCKING"),
        ((int)CudaEventFlags.DisableTiming, "CU_EVENT_DISABLE_TIMING"),
        ((int)CudaStreamCaptureMode.ThreadLocal, "CU_STREAM_CAPTURE_MODE_THREAD_LOCAL"),
        ((int)CublasComputeType.Compute32F, "CUBLAS_COMPUTE_32F"),
        ((int)CublasLtEpilogue.Default, "CUBLASLT_EPILOGUE_DEFAULT"),
        ((int)CublasLtEpilogue.Bias, "CUBLASLT_EPILOGUE_BIAS"),
        ((int)CublasLtMatmulDesc.TransA, "CUBLASLT_MATMUL_DESC_TRANSA"),
        ((int)CublasLtMatmulDesc.TransB, "CUBLASLT_MATMUL_DESC_TRANSB"),
        ((int)CublasLtMatmulDesc.Epilogue, "CUBLASLT_MATMUL_DESC_EPILOGUE"),
        ((int)CublasLtMatmulDesc.BiasPointer, "CUBLASLT_MATMUL_DESC_BIAS_POINTER"),
        ((int)CublasLtMatmulDesc.BiasDataType, "CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE"),
        ((int)CublasLtMatrixLayout.BatchCount, "CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT"),
        ((int)CublasLtMatrixLayout.StridedBatchOffset, "CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET"),
        ((int)CublasLtMatmulPref.MaxWorkspaceBytes, "CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES"),
        ((int)CublasLtMatmulPref.ReductionSchemeMask, "CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK"),
        ((int)CublasOperation.N, "CUBLAS_OP_N"),
        ((int)CublasOperation.T, "CUBLAS_OP_T"),
        ((int)CublasLtMatmulPref.MinAlignmentABytes, "CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES"),
        ((int)CublasLtMatmulPref.MinAlignmentBBytes, "CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES"),
        ((int)CublasLtMatmulPref.MinAlignmentCBytes, "CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES"),
        ((int)CublasLtMatmulPref.MinAlignmentDBytes, "CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES"),
        ((int)CublasStatus.NotSupported, "CUBLAS_STATUS_NOT_SUPPORTED"),
        ((int)CublasLtReductionScheme.None, "CUBLASLT_REDUCTION_SCHEME_NONE"),
        ((int)CublasLtReductionScheme.InPlace, "CUBLASLT_REDUCTION_SCHEME_INPLACE"),
        ((int)CublasLtReductionScheme.ComputeType, "CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE"),
        ((int)CublasLtReductionScheme.OutputType, "CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE"),
        ((int)CublasLtAlgoConfig.ReductionScheme, "CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME"),
        ((int)CublasLtAlgoConfig.Id, "CUBLASLT_ALGO_CONFIG_ID"),
        ((int)CublasLtAlgoConfig.SplitKNum, "CUBLASLT_ALGO_CONFIG_SPLITK_NUM"),
        ((int)CudaDataType.R32F, "CUDA_R_32F"),
        ((int)CudaDataType.R16F, "CUDA_R_16F"),
        ((int)CudaDataType.R16BF, "CUDA_R_16BF"),
        ((int)NvrtcResult.Compilation, "NVRTC_ERROR_COMPILATION"),
        ((int)NvrtcResult.InvalidOption, "NVRTC_ERROR_INVALID_OPTION"),
        (Unsafe.SizeOf<MatmulAlgorithm>(), "sizeof(cublasLtMatmulAlgo_t)"),
        (Unsafe.SizeOf<MatmulHeuristic>(), "sizeof(cublasLtMatmulHeuristicResult_t)"),
        (
            (int)Marshal.OffsetOf<MatmulHeuristic>(nameof(MatmulHeuristic.WorkspaceSize)),
            "offsetof(cublasLtMatmulHeuristicResult_t, workspaceSize)"),
        (
            (int)Marshal.OffsetOf<MatmulHeuristic>(nameof(MatmulHeuristic.State)),
            "offsetof(cublasLtMatmulHeuristicResult_t, state)"),
        (
            (int)Marshal.OffsetOf<MatmulHeuristic>(nameof(MatmulHeuristic.WavesCount)),
            "offsetof(cublasLtMatmulHeuristicResult_t, wavesCount)"),
    ];

    static string IncludeFolder()
    {
        string? include = Environment.GetEnvironmentVariable("ESIMCSE_CUDA_INCLUDE");
        Assert.SkipWhen(string.IsNullOrEmpty(include), "ESIMCSE_CUDA_INCLUDE names no folder with NVIDIA's headers");
        Assert.SkipUnless(File.Exists("/usr/bin/g++"), "there is no g++");
        return include!;
    }

    /// <summary>Writes stand-ins for headers that NVIDIA's include, with the types that are mentioned.</summary>
    static string WriteStubs()
    {
        const string stub = """
            #pragma once
            typedef struct CUstream_st* cudaStream_t;
            struct cuComplex; struct cuDoubleComplex; struct __half; struct __nv_bfloat16;

            """;
        string folder = Directory.CreateTempSubdirectory("esimcse-headers-").FullName;
        foreach (string name in new[] { "driver_types.h", "cuComplex.h", "cuda_fp16.h", "cuda_bf16.h" })
            File.WriteAllText(Path.Combine(folder, name), stub);
        return folder;
    }

    static (int Code, string Error) Compile(string text)
    {
        string include = IncludeFolder();
        string stubs = WriteStubs();
        string[] arguments = ["-std=c++17", "-fsyntax-only", "-w", "-x", "c++", "-I", include, "-I", stubs, "-"];
        (int code, _, string error) = ChildProcess.Run(new("g++", arguments), text);
        Directory.Delete(stubs, recursive: true);
        return (code, error);
    }

    /// <summary>Returns a C type that is passed as a parameter of a binding is.</summary>
    static string CType(Type type)
    {
        if (type == typeof(float)) return "float";
        if (type == typeof(byte)) return "unsigned char";
        if (type.IsByRef || type.IsPointer || type == typeof(string) || type == typeof(nint)) return "void*";
        if (type.IsEnum || type == typeof(int) || type == typeof(uint)) return "int";
        if (type == typeof(nuint) || type == typeof(ulong) || type == typeof(long)) return "uint64_t";
        throw new ArgumentException($"{type} in a binding");
    }

    static IEnumerable<string> Bindings() =>
        from type in new[] { typeof(CudaDriver), typeof(Nvrtc), typeof(CublasLt) }
        from method in type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
        let import = method.GetCustomAttribute<LibraryImportAttribute>()
        where import is not null
        let parameters = string.Join(", ", method.GetParameters().Select(parameter => CType(parameter.ParameterType)))
        select $"{CType(method.ReturnType)} {import.EntryPoint}({parameters});";

    static IEnumerable<string> Exports() =>
        from file in Directory.GetFiles(Repository.File("tests", "SoftCuda"), "*.cpp")
        from Match export in Export().Matches(File.ReadAllText(file))
        where !export.Groups[2].Value.StartsWith("softcuda_", StringComparison.Ordinal)
        select $"{export.Groups[1].Value};";

    static string Assertions(string space, IEnumerable<string> declarations)
    {
        string[] all = [.. declarations];
        IEnumerable<string> assertions =
            from declaration in all
            let name = Name().Match(declaration).Groups[1].Value
            select $"static_assert(same(&{space}::{name}, &::{name}), \"{name}\");";
        return $$"""
            namespace {{space}} {
            struct Algorithm; struct HeuristicResult;
            {{string.Join('\n', all)}}
            }
            {{string.Join('\n', assertions)}}

            """;
    }

    [Fact]
    public void Bindings_and_exports_agree_with_NVIDIAs_headers()
    {
        Repository.Require();
        string[] bindings = [.. Bindings()];
        string[] exports = [.. Exports()];
        Assert.Equal(bindings.Length, exports.Length);
        Assert.True(bindings.Length > 50, "reflection finds the bindings");
        IEnumerable<string> numbers =
            from number in Numbers
            select $"static_assert(static_cast<int>({number.Name}) == {number.Value}, \"{number.Name}\");\n";
        string assertions = Assertions("ours", bindings) + Assertions("soft", exports) + string.Concat(numbers);
        (int code, string error) = Compile(Start + assertions);
        Assert.True(code == 0, error);
    }

    [Theory]
    [InlineData("int cuStreamWaitEvent(void*, void*);", "a parameter is missing")]
    [InlineData("int cuMemAlloc_v2(void*, int);", "a size of 4 bytes")]
    [InlineData("int cuStreamSynchronize(float);", "a float for a handle")]
    public void A_binding_that_does_not_agree_is_found(string declaration, string why)
    {
        (int code, string error) = Compile(Start + Assertions("planted", [declaration]));
        Assert.True(code != 0 && error.Contains("static assertion failed", StringComparison.Ordinal), why);
    }

    [GeneratedRegex(@"^EXPORT ([\w ]+?[ *]+(\w+)\([^)]*\))", RegexOptions.Multiline)]
    private static partial Regex Export();

    [GeneratedRegex(@"(\w+)\(")]
    private static partial Regex Name();
}
