using System.Runtime.InteropServices;
using EsimCse.Core;
using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda;

/// <summary>What a device says of itself.</summary>
/// <param name="Ordinal">Its number, from 0.</param>
/// <param name="Handle">The driver's.</param>
/// <param name="Name">As the driver calls it.</param>
/// <param name="Capability">Compute capability, 90 for 9.0.</param>
/// <param name="Multiprocessors">Multiprocessors.</param>
/// <param name="MemoryBytes">Its memory.</param>
/// <param name="SharedBytes">Shared memory that a block may ask for.</param>
public sealed record CudaDevice(int Ordinal, int Handle, string Name, int Capability, int Multiprocessors, long MemoryBytes, int SharedBytes)
{
    // Ampere: the first with bf16.
    const int LowestCapability = 80;

    /// <summary>The devices of this machine; none where there is no driver.</summary>
    public static IReadOnlyList<CudaDevice> All() => Count() is int count ? [.. Enumerable.Range(0, count).Select(Describe)] : [];

    /// <summary>Why no device can be used; null where one can.</summary>
    public static string? WhyNone()
    {
        if (CudaLibraries.Find(CudaLibraries.Driver) is null) return $"{CudaLibraries.Missing(CudaLibraries.Driver)}; {CudaLibraries.Advice(CudaLibraries.Driver)}";
        CudaResult result = CudaDriver.Init(0);
        if (result != CudaResult.Success) return $"cuInit: {CudaDriver.Describe(result)}";
        if (Count() is null or 0) return "the driver finds no device";
        foreach (string library in new[] { CudaLibraries.Compiler, CudaLibraries.Products })
            if (CudaLibraries.Find(library) is null) return $"{CudaLibraries.Missing(library)}; {CudaLibraries.Advice(library)}";
        return null;
    }

    /// <summary>A device.</summary>
    /// <exception cref="DeviceException">There is none of that number, or it is too old.</exception>
    public static CudaDevice Open(int ordinal)
    {
        if (WhyNone() is { } reason) throw new DeviceException($"no CUDA device: {reason}");
        IReadOnlyList<CudaDevice> devices = All();
        if (ordinal < 0 || ordinal >= devices.Count) throw new DeviceException($"no CUDA device {ordinal}: there are {devices.Count}, counted from 0");
        CudaDevice device = devices[ordinal];
        return device.Capability >= LowestCapability ? device
            : throw new DeviceException($"{device.Name} has compute capability {device.Capability / 10}.{device.Capability % 10}, expected {LowestCapability / 10}.{LowestCapability % 10} or newer");
    }

    static int? Count() => CudaLibraries.Find(CudaLibraries.Driver) is not null && CudaDriver.Init(0) == CudaResult.Success && CudaDriver.DeviceGetCount(out int count) == CudaResult.Success ? count : null;

    static unsafe CudaDevice Describe(int ordinal)
    {
        const int length = 256;
        CudaDriver.DeviceGet(out int handle, ordinal).ThrowIfFailed();
        byte* name = stackalloc byte[length];
        CudaDriver.DeviceGetName(name, length, handle).ThrowIfFailed();
        CudaDriver.DeviceTotalMem(out nuint bytes, handle).ThrowIfFailed();
        int capability = 10 * Attribute(handle, CudaDriver.CapabilityMajor) + Attribute(handle, CudaDriver.CapabilityMinor);
        return new CudaDevice(ordinal, handle, Marshal.PtrToStringUTF8((nint)name) ?? "", capability, Attribute(handle, CudaDriver.Multiprocessors), (long)bytes,
            Attribute(handle, CudaDriver.SharedMemoryOptIn));
    }

    static int Attribute(int handle, int attribute)
    {
        CudaDriver.DeviceGetAttribute(out int value, attribute, handle).ThrowIfFailed();
        return value;
    }
}
