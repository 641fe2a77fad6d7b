using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using EsimCse.Core;
using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda;

/// <summary>A CUDA device and the properties of it that the engine uses.</summary>
/// <param name="Ordinal">Its number, from 0.</param>
/// <param name="Handle">The driver's handle.</param>
/// <param name="Name">Its name, from the driver.</param>
/// <param name="Capability">Compute capability as ten times the major plus the minor version: 90 for 9.0.</param>
/// <param name="Multiprocessors">Number of multiprocessors.</param>
/// <param name="MemoryBytes">Total memory.</param>
/// <param name="SharedBytes">Largest dynamic shared memory of a block, with the opt-in.</param>
sealed record CudaDevice(
    int Ordinal,
    int Handle,
    string Name,
    int Capability,
    int Multiprocessors,
    long MemoryBytes,
    int SharedBytes)
{
    /// <summary>Ampere, the first architecture with bf16.</summary>
    const int MinimumCapability = 80;

    /// <summary>The compute capability with a dot: 9.0.</summary>
    public string CapabilityName => FormatCapability(Capability);

    /// <summary>Returns the devices of this machine; none if there is no driver.</summary>
    public static IReadOnlyList<CudaDevice> All() => [.. Enumerable.Range(0, Count() ?? 0).Select(Query)];

    /// <summary>Returns the reason why no device can be used, or null if one can.</summary>
    public static string? WhyNone()
    {
        if (WhyMissing(CudaLibraries.Driver) is { } noDriver) return noDriver;
        CudaResult result = CudaDriver.Init(0);
        if (result != CudaResult.Success) return $"cuInit: {CudaDriver.Describe(result)}";
        if (Count() is null or 0) return "the driver finds no device";
        return WhyMissing(CudaLibraries.Nvrtc) ?? WhyMissing(CudaLibraries.CublasLt);
    }

    /// <summary>Returns a device that the engine can use.</summary>
    /// <exception cref="DeviceException">No device has this number, or it is too old.</exception>
    public static CudaDevice Open(int ordinal)
    {
        if (WhyNone() is { } reason) throw new DeviceException($"no CUDA device: {reason}");
        IReadOnlyList<CudaDevice> devices = All();
        if (ordinal < 0 || ordinal >= devices.Count) ThrowNoSuchDevice(ordinal, devices.Count);
        CudaDevice device = devices[ordinal];
        if (device.Capability < MinimumCapability) ThrowTooOld(device);
        return device;
    }

    static string? WhyMissing(string library) =>
        CudaLibraries.Find(library) is null ? CudaLibraries.DescribeMissing(library) : null;

    /// <summary>Returns the number of devices, or null if there is no working driver.</summary>
    static int? Count()
    {
        if (CudaLibraries.Find(CudaLibraries.Driver) is null) return null;
        if (CudaDriver.Init(0) != CudaResult.Success) return null;
        return CudaDriver.DeviceGetCount(out int count) == CudaResult.Success ? count : null;
    }

    static unsafe CudaDevice Query(int ordinal)
    {
        const int nameLength = 256;
        CudaDriver.DeviceGet(out int handle, ordinal).ThrowIfFailed();
        byte* name = stackalloc byte[nameLength];
        CudaDriver.DeviceGetName(name, nameLength, handle).ThrowIfFailed();
        CudaDriver.DeviceTotalMem(out nuint bytes, handle).ThrowIfFailed();
        int major = GetAttribute(handle, CudaDeviceAttribute.ComputeCapabilityMajor);
        int minor = GetAttribute(handle, CudaDeviceAttribute.ComputeCapabilityMinor);
        return new CudaDevice(
            ordinal,
            handle,
            Marshal.PtrToStringUTF8((nint)name) ?? "",
            10 * major + minor,
            GetAttribute(handle, CudaDeviceAttribute.MultiprocessorCount),
            (long)bytes,
            GetAttribute(handle, CudaDeviceAttribute.MaxSharedMemoryPerBlockOptin));
    }

    static int GetAttribute(int handle, CudaDeviceAttribute attribute)
    {
        CudaDriver.DeviceGetAttribute(out int value, attribute, handle).ThrowIfFailed();
        return value;
    }

    static string FormatCapability(int capability) => $"{capability / 10}.{capability % 10}";

    [DoesNotReturn]
    static void ThrowNoSuchDevice(int ordinal, int count) =>
        throw new DeviceException($"no CUDA device {ordinal}: there are {count}, counted from 0");

    [DoesNotReturn]
    static void ThrowTooOld(CudaDevice device)
    {
        string expected = $"expected {FormatCapability(MinimumCapability)} or newer";
        throw new DeviceException($"{device.Name} has compute capability {device.CapabilityName}, {expected}");
    }
}
