using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EsimCse.Core;

namespace EsimCse.Cuda.Interop;

/// <summary>Results of the driver API that we tell apart.</summary>
enum CudaResult
{
    Success = 0,
    OutOfMemory = 2,
    NoDevice = 100,
    NotReady = 600,
}

/// <summary>The CUDA driver API, of it what is called. Names with their version, which CUDA 12 and 13 both export.</summary>
static unsafe partial class CudaDriver
{
    public const int Multiprocessors = 16, CapabilityMajor = 75, CapabilityMinor = 76, SharedMemoryOptIn = 97;
    public const int MaxDynamicSharedBytes = 8;
    public const uint StreamNonBlocking = 1, EventDisableTiming = 2;
    public const int CaptureThreadLocal = 1;

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
    public static partial CudaResult DeviceGetAttribute(out int value, int attribute, int device);

    [LibraryImport(Library, EntryPoint = "cuDeviceTotalMem_v2")]
    public static partial CudaResult DeviceTotalMem(out nuint bytes, int device);

    [LibraryImport(Library, EntryPoint = "cuDevicePrimaryCtxRetain")]
    public static partial CudaResult PrimaryContextRetain(out nint context, int device);

    [LibraryImport(Library, EntryPoint = "cuDevicePrimaryCtxRelease_v2")]
    public static partial CudaResult PrimaryContextRelease(int device);

    [LibraryImport(Library, EntryPoint = "cuCtxSetCurrent")]
    public static partial CudaResult ContextSetCurrent(nint context);

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
    public static partial CudaResult CopyToDevice(nint target, void* source, nuint bytes, nint stream);

    [LibraryImport(Library, EntryPoint = "cuMemcpyDtoHAsync_v2")]
    public static partial CudaResult CopyToHost(void* target, nint source, nuint bytes, nint stream);

    [LibraryImport(Library, EntryPoint = "cuMemcpyDtoDAsync_v2")]
    public static partial CudaResult CopyOnDevice(nint target, nint source, nuint bytes, nint stream);

    [LibraryImport(Library, EntryPoint = "cuStreamCreate")]
    public static partial CudaResult StreamCreate(out nint stream, uint flags);

    [LibraryImport(Library, EntryPoint = "cuStreamDestroy_v2")]
    public static partial CudaResult StreamDestroy(nint stream);

    [LibraryImport(Library, EntryPoint = "cuStreamSynchronize")]
    public static partial CudaResult StreamSynchronize(nint stream);

    [LibraryImport(Library, EntryPoint = "cuEventCreate")]
    public static partial CudaResult EventCreate(out nint handle, uint flags);

    [LibraryImport(Library, EntryPoint = "cuEventDestroy_v2")]
    public static partial CudaResult EventDestroy(nint handle);

    [LibraryImport(Library, EntryPoint = "cuEventRecord")]
    public static partial CudaResult EventRecord(nint handle, nint stream);

    [LibraryImport(Library, EntryPoint = "cuEventQuery")]
    public static partial CudaResult EventQuery(nint handle);

    [LibraryImport(Library, EntryPoint = "cuEventSynchronize")]
    public static partial CudaResult EventSynchronize(nint handle);

    [LibraryImport(Library, EntryPoint = "cuStreamWaitEvent")]
    public static partial CudaResult StreamWaitEvent(nint stream, nint awaited, uint flags);

    [LibraryImport(Library, EntryPoint = "cuStreamBeginCapture_v2")]
    public static partial CudaResult StreamBeginCapture(nint stream, int mode);

    [LibraryImport(Library, EntryPoint = "cuStreamEndCapture")]
    public static partial CudaResult StreamEndCapture(nint stream, out nint graph);

    [LibraryImport(Library, EntryPoint = "cuGraphInstantiateWithFlags")]
    public static partial CudaResult GraphInstantiate(out nint executable, nint graph, ulong flags);

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
    public static partial CudaResult FunctionSetAttribute(nint function, int attribute, int value);

    [LibraryImport(Library, EntryPoint = "cuLaunchKernel")]
    public static partial CudaResult LaunchKernel(nint function, uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY, uint blockZ,
        uint sharedBytes, nint stream, void** arguments, void** extra);

    /// <summary>Throws what a failed call says: the call, CUDA's name of the error and its text.</summary>
    public static void ThrowIfFailed(this CudaResult result, [CallerArgumentExpression(nameof(result))] string call = "")
    {
        if (result != CudaResult.Success) throw new DeviceException($"{call}: {Describe(result)}");
    }

    /// <summary>CUDA's name and text of an error.</summary>
    public static string Describe(CudaResult result)
    {
        string? name = GetErrorName(result, out byte* found) == CudaResult.Success ? Marshal.PtrToStringUTF8((nint)found) : null;
        string? text = GetErrorString(result, out byte* said) == CudaResult.Success ? Marshal.PtrToStringUTF8((nint)said) : null;
        return name is null ? $"CUDA error {(int)result}" : $"{name} ({text})";
    }
}
