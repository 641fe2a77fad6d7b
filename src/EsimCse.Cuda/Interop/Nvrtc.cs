using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EsimCse.Core;

namespace EsimCse.Cuda.Interop;

/// <summary>The results of NVRTC that the engine tells apart (nvrtcResult, without NVRTC_ERROR_).</summary>
enum NvrtcResult
{
    Success = 0,
    InvalidOption = 5,
    Compilation = 6,
}

/// <summary>Bindings of NVRTC, NVIDIA's run-time compiler.</summary>
static unsafe partial class Nvrtc
{
    const string Library = CudaLibraries.Nvrtc;

    static Nvrtc() => CudaLibraries.Register();

    [LibraryImport(Library, EntryPoint = "nvrtcVersion")]
    public static partial NvrtcResult Version(out int major, out int minor);

    [LibraryImport(Library, EntryPoint = "nvrtcGetErrorString")]
    public static partial byte* GetErrorString(NvrtcResult result);

    [LibraryImport(Library, EntryPoint = "nvrtcCreateProgram", StringMarshalling = StringMarshalling.Utf8)]
    public static partial NvrtcResult CreateProgram(out nint program, string source, string name,
        int headerCount, byte** headers, byte** includeNames);

    [LibraryImport(Library, EntryPoint = "nvrtcCompileProgram")]
    public static partial NvrtcResult CompileProgram(nint program, int optionCount, byte** options);

    [LibraryImport(Library, EntryPoint = "nvrtcGetCUBINSize")]
    public static partial NvrtcResult GetCUBINSize(nint program, out nuint bytes);

    [LibraryImport(Library, EntryPoint = "nvrtcGetCUBIN")]
    public static partial NvrtcResult GetCUBIN(nint program, byte* image);

    [LibraryImport(Library, EntryPoint = "nvrtcGetPTXSize")]
    public static partial NvrtcResult GetPTXSize(nint program, out nuint bytes);

    [LibraryImport(Library, EntryPoint = "nvrtcGetPTX")]
    public static partial NvrtcResult GetPTX(nint program, byte* image);

    [LibraryImport(Library, EntryPoint = "nvrtcGetProgramLogSize")]
    public static partial NvrtcResult GetProgramLogSize(nint program, out nuint bytes);

    [LibraryImport(Library, EntryPoint = "nvrtcGetProgramLog")]
    public static partial NvrtcResult GetProgramLog(nint program, byte* log);

    [LibraryImport(Library, EntryPoint = "nvrtcDestroyProgram")]
    public static partial NvrtcResult DestroyProgram(ref nint program);

    /// <summary>Throws if a call failed, with the call and NVRTC's text.</summary>
    /// <exception cref="DeviceException">The call failed.</exception>
    public static void ThrowIfFailed(
        this NvrtcResult result, [CallerArgumentExpression(nameof(result))] string call = "")
    {
        if (result == NvrtcResult.Success) return;
        throw new DeviceException($"{call}: {Marshal.PtrToStringUTF8((nint)GetErrorString(result))}");
    }
}
