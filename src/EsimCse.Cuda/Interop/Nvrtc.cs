using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EsimCse.Core;

namespace EsimCse.Cuda.Interop;

/// <summary>Results of NVRTC that we tell apart.</summary>
enum NvrtcResult
{
    Success = 0,
    InvalidOption = 5,
    Compilation = 6,
}

/// <summary>NVIDIA's run-time compiler, of it what is called.</summary>
static unsafe partial class Nvrtc
{
    const string Library = CudaLibraries.Compiler;

    static Nvrtc() => CudaLibraries.Register();

    [LibraryImport(Library, EntryPoint = "nvrtcVersion")]
    public static partial NvrtcResult Version(out int major, out int minor);

    [LibraryImport(Library, EntryPoint = "nvrtcGetErrorString")]
    public static partial byte* GetErrorString(NvrtcResult result);

    [LibraryImport(Library, EntryPoint = "nvrtcCreateProgram", StringMarshalling = StringMarshalling.Utf8)]
    public static partial NvrtcResult CreateProgram(out nint program, string source, string name, int headers, byte** headerSources, byte** headerNames);

    [LibraryImport(Library, EntryPoint = "nvrtcCompileProgram")]
    public static partial NvrtcResult CompileProgram(nint program, int options, byte** values);

    [LibraryImport(Library, EntryPoint = "nvrtcGetCUBINSize")]
    public static partial NvrtcResult GetCubinSize(nint program, out nuint bytes);

    [LibraryImport(Library, EntryPoint = "nvrtcGetCUBIN")]
    public static partial NvrtcResult GetCubin(nint program, byte* image);

    [LibraryImport(Library, EntryPoint = "nvrtcGetPTXSize")]
    public static partial NvrtcResult GetPtxSize(nint program, out nuint bytes);

    [LibraryImport(Library, EntryPoint = "nvrtcGetPTX")]
    public static partial NvrtcResult GetPtx(nint program, byte* image);

    [LibraryImport(Library, EntryPoint = "nvrtcGetProgramLogSize")]
    public static partial NvrtcResult GetLogSize(nint program, out nuint bytes);

    [LibraryImport(Library, EntryPoint = "nvrtcGetProgramLog")]
    public static partial NvrtcResult GetLog(nint program, byte* log);

    [LibraryImport(Library, EntryPoint = "nvrtcDestroyProgram")]
    public static partial NvrtcResult DestroyProgram(ref nint program);

    /// <summary>Throws what a failed call says.</summary>
    public static void ThrowIfFailed(this NvrtcResult result, [CallerArgumentExpression(nameof(result))] string call = "")
    {
        if (result != NvrtcResult.Success) throw new DeviceException($"{call}: {Marshal.PtrToStringUTF8((nint)GetErrorString(result))}");
    }
}
