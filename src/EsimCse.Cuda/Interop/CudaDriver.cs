using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EsimCse.Core;

namespace EsimCse.Cuda.Interop;

/// <summary>
/// Bindings of the CUDA driver API. Entry points carry the version suffix that CUDA 12 and 13 both export.
/// </summary>
static unsafe partial class CudaDriver
{
    const string Library = CudaLibraries.Driver;

    static CudaDriver() => CudaLibraries.Register();

    [LibraryImport(Library, EntryPoint = "cuInit")]
    public static partial CudaResult Init(uint flags);

    [LibraryImport(Library, EntryPoint = "cuDriverGetVersion")]
    public static partial CudaResult DriverGetVersion(out int version);

    [LibraryImport(Library, EntryPoint = "cuGetErrorName")]
    public static partial CudaResult GetErrorName(CudaResult error, out byte* name);

    [LibraryImport(Library, EntryPoint = "cuGetErrorString")]
    public static partial CudaResult GetErrorString(CudaResult error, out byte* text);

    [LibraryImport(Library, EntryPoint = "cuDeviceGetCount")]
    public static partial CudaResult DeviceGetCount(out int count);

    [LibraryImport(Library, EntryPoint = "cuDeviceGet")]
    public static partial CudaResult DeviceGet(out int device, int ordinal);

    [LibraryImport(Library, EntryPoint = "cuDeviceGetName")]
    public static partial CudaResult DeviceGetName(byte* name, int length, int device);

    [LibraryImport(Library, EntryPoint = "cuDeviceGetAttribute")]
    public static partial CudaResult DeviceGetAttribute(out int value, CudaDeviceAttribute attribute, int device);

    [LibraryImport(Library, EntryPoint = "cuDeviceTotalMem_v2")]
    public static partial CudaResult DeviceTotalMem(out nuint bytes, int device);

    [LibraryImport(Library, EntryPoint = "cuDevicePrimaryCtxRetain")]
    public static partial CudaResult DevicePrimaryCtxRetain(out nint context, int device);

    [LibraryImport(Library, EntryPoint = "cuDevicePrimaryCtxRelease_v2")]
    public static partial CudaResult DevicePrimaryCtxRelease(int device);

    [LibraryImport(Library, EntryPoint = "cuCtxSetCurrent")]
    public static partial CudaResult CtxSetCurrent(nint context);

    [LibraryImport(Library, EntryPoint = "cuMemGetInfo_v2")]
    public static partial CudaResult MemGetInfo(out nuint free, out nuint total);

    [LibraryImport(Library, EntryPoint = "cuMemAlloc_v2")]
    public static partial CudaResult MemAlloc(out nint address, nuint bytes);

    [LibraryImport(Library, EntryPoint = "cuMemFree_v2")]
    public static partial CudaResult MemFree(nint address);

    [LibraryImport(Library, EntryPoint = "cuMemHostAlloc")]
    public static partial CudaResult MemHostAlloc(out byte* address, nuint bytes, uint flags);

    [LibraryImport(Library, EntryPoint = "cuMemFreeHost")]
    public static partial CudaResult MemFreeHost(byte* address);

    [LibraryImport(Library, EntryPoint = "cuMemcpyHtoDAsync_v2")]
    public static partial CudaResult MemcpyHtoDAsync(nint target, void* source, nuint bytes, nint stream);

    [LibraryImport(Library, EntryPoint = "cuMemcpyDtoHAsync_v2")]
    public static partial CudaResult MemcpyDtoHAsync(void* target, nint source, nuint bytes, nint stream);

    [LibraryImport(Library, EntryPoint = "cuMemcpyDtoDAsync_v2")]
    public static partial CudaResult MemcpyDtoDAsync(nint target, nint source, nuint bytes, nint stream);

    [LibraryImport(Library, EntryPoint = "cuMemsetD8Async")]
    public static partial CudaResult MemsetD8Async(nint target, byte value, nuint bytes, nint stream);

    [LibraryImport(Library, EntryPoint = "cuStreamCreate")]
    public static partial CudaResult StreamCreate(out nint stream, CudaStreamFlags flags);

    [LibraryImport(Library, EntryPoint = "cuStreamDestroy_v2")]
    public static partial CudaResult StreamDestroy(nint stream);

    [LibraryImport(Library, EntryPoint = "cuStreamSynchronize")]
    public static partial CudaResult StreamSynchronize(nint stream);

    [LibraryImport(Library, EntryPoint = "cuEventCreate")]
    public static partial CudaResult EventCreate(out nint handle, CudaEventFlags flags);

    [LibraryImport(Library, EntryPoint = "cuEventDestroy_v2")]
    public static partial CudaResult EventDestroy(nint handle);

    [LibraryImport(Library, EntryPoint = "cuEventRecord")]
    public static partial CudaResult EventRecord(nint handle, nint stream);

    [LibraryImport(Library, EntryPoint = "cuEventQuery")]
    public static partial CudaResult EventQuery(nint handle);

    [LibraryImport(Library, EntryPoint = "cuEventSynchronize")]
    public static partial CudaResult EventSynchronize(nint handle);

    [LibraryImport(Library, EntryPoint = "cuEventElapsedTime")]
    public static partial CudaResult EventElapsedTime(out float milliseconds, nint start, nint end);

    [LibraryImport(Library, EntryPoint = "cuStreamWaitEvent")]
    public static partial CudaResult StreamWaitEvent(nint stream, nint awaited, uint flags);

    [LibraryImport(Library, EntryPoint = "cuStreamBeginCapture_v2")]
    public static partial CudaResult StreamBeginCapture(nint stream, CudaStreamCaptureMode mode);

    [LibraryImport(Library, EntryPoint = "cuStreamEndCapture")]
    public static partial CudaResult StreamEndCapture(nint stream, out nint graph);

    [LibraryImport(Library, EntryPoint = "cuGraphInstantiateWithFlags")]
    public static partial CudaResult GraphInstantiateWithFlags(out nint executable, nint graph, ulong flags);

    [LibraryImport(Library, EntryPoint = "cuGraphLaunch")]
    public static partial CudaResult GraphLaunch(nint executable, nint stream);

    [LibraryImport(Library, EntryPoint = "cuGraphDestroy")]
    public static partial CudaResult GraphDestroy(nint graph);

    [LibraryImport(Library, EntryPoint = "cuGraphExecDestroy")]
    public static partial CudaResult GraphExecDestroy(nint executable);

    [LibraryImport(Library, EntryPoint = "cuModuleLoadData")]
    public static partial CudaResult ModuleLoadData(out nint module, void* image);

    [LibraryImport(Library, EntryPoint = "cuModuleUnload")]
    public static partial CudaResult ModuleUnload(nint module);

    [LibraryImport(Library, EntryPoint = "cuModuleGetFunction", StringMarshalling = StringMarshalling.Utf8)]
    public static partial CudaResult ModuleGetFunction(out nint function, nint module, string name);

    [LibraryImport(Library, EntryPoint = "cuFuncSetAttribute")]
    public static partial CudaResult FuncSetAttribute(nint function, CudaFunctionAttribute attribute, int value);

    [LibraryImport(Library, EntryPoint = "cuLaunchKernel")]
    public static partial CudaResult LaunchKernel(nint function,
        uint gridDimX, uint gridDimY, uint gridDimZ,
        uint blockDimX, uint blockDimY, uint blockDimZ,
        uint sharedMemBytes, nint stream, void** kernelParams, void** extra);

    /// <summary>Throws if a call failed, with the call and the name and text of CUDA's error.</summary>
    /// <exception cref="DeviceException">The call failed.</exception>
    public static void ThrowIfFailed(
        this CudaResult result, [CallerArgumentExpression(nameof(result))] string call = "")
    {
        if (result != CudaResult.Success) throw new DeviceException($"{call}: {Describe(result)}");
    }

    /// <summary>Returns CUDA's name and text of an error.</summary>
    public static string Describe(CudaResult result)
    {
        if (GetErrorName(result, out byte* name) != CudaResult.Success) return $"CUDA error {(int)result}";
        if (GetErrorString(result, out byte* text) != CudaResult.Success) text = null;
        return $"{Marshal.PtrToStringUTF8((nint)name)} ({Marshal.PtrToStringUTF8((nint)text)})";
    }
}
