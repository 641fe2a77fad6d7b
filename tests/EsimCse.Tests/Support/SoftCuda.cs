using System.Globalization;
using System.Runtime.InteropServices;
using EsimCse.Core.Backend;
using EsimCse.Cuda.Interop;

namespace EsimCse.Tests.Support;

/// <summary>Functions of SoftCuda that CUDA lacks. Tests that call them are skipped on a real device.</summary>
static unsafe class SoftCuda
{
    /// <summary>Whether the driver is SoftCuda's.</summary>
    public static bool IsLoaded =>
        CudaLibraries.Find(CudaLibraries.Driver) is { } driver
        && NativeLibrary.TryGetExport(driver.Handle, "softcuda_join", out _);

    /// <summary>Returns whether a backend runs on SoftCuda.</summary>
    public static bool IsDeviceOf(IBackend backend) => backend.Name.Contains("SoftCuda", StringComparison.Ordinal);

    /// <summary>Selects another order of threads, blocks and streams.</summary>
    public static void Seed(uint seed) => ((delegate* unmanaged<uint, void>)Export("softcuda_seed"))(seed);

    /// <summary>Makes the count-th call from now of a driver function fail with an error code.</summary>
    public static void Inject(string name, int count, int code)
    {
        nint text = Marshal.StringToCoTaskMemUTF8(name);
        ((delegate* unmanaged<nint, int, int, void>)Export("softcuda_inject"))(text, count, code);
        Marshal.FreeCoTaskMem(text);
    }

    /// <summary>Makes the calling thread one of a group that uses the device together.</summary>
    public static void Join(int group) => ((delegate* unmanaged<int, void>)Export("softcuda_join"))(group);

    /// <summary>Returns how many captures another thread's call has ended so far.</summary>
    public static int CountEndedCaptures() => ((delegate* unmanaged<int>)Export("softcuda_ended_captures"))();

    /// <summary>Returns how many kernels and products have run so far.</summary>
    public static long CountLaunches() => ((delegate* unmanaged<long>)Export("softcuda_launches"))();

    /// <summary>
    /// Starts or ends the counting of bytes that launches move; while it lasts, products are not computed. Backends
    /// made before count nothing.
    /// </summary>
    public static void CountTraffic(bool on) =>
        ((delegate* unmanaged<int, void>)Export("softcuda_count_traffic"))(on ? 1 : 0);

    /// <summary>Returns what each kernel has moved since the last call, and all products together.</summary>
    public static Dictionary<string, KernelTraffic> TakeTraffic()
    {
        nint text = ((delegate* unmanaged<nint>)Export("softcuda_take_traffic"))();
        string[] lines = Marshal.PtrToStringUTF8(text)!.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return lines.Select(line => line.Split('\t')).ToDictionary(fields => fields[0], fields =>
        {
            long[] numbers = [.. fields[1..].Select(field => long.Parse(field, CultureInfo.InvariantCulture))];
            return new KernelTraffic(numbers[0], numbers[1], numbers[2]);
        });
    }

    /// <summary>Clears errors and injected faults.</summary>
    public static void Reset() => ((delegate* unmanaged<void>)Export("softcuda_reset"))();

    /// <summary>Returns the address of a function; skips the test on a real device.</summary>
    public static nint Export(string name)
    {
        Backends.RequireCuda();
        nint driver = CudaLibraries.Require(CudaLibraries.Driver).Handle;
        Assert.SkipUnless(NativeLibrary.TryGetExport(driver, name, out nint function), "the device is not SoftCuda");
        return function;
    }
}
