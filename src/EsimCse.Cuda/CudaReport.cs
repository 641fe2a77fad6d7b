using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda;

/// <summary>The lines of `esimcse doctor` about CUDA.</summary>
static class CudaReport
{
    /// <summary>Returns a line for each library, a line for each device, and whether CUDA can be used.</summary>
    public static IEnumerable<string> Lines()
    {
        yield return Line("driver", DescribeLibrary(CudaLibraries.Driver, DriverVersion));
        yield return Line("nvrtc", DescribeLibrary(CudaLibraries.Nvrtc, NvrtcVersion));
        yield return Line("cublasLt", DescribeLibrary(CudaLibraries.CublasLt, CublasLtVersion));
        foreach (CudaDevice device in CudaDevice.All())
            yield return Line($"cuda:{device.Ordinal}", DescribeDevice(device));
        yield return Line("cuda", CudaDevice.WhyNone() ?? "ready");
    }

    static string Line(string label, string text) => $"{label,-10} {text}";

    static string DescribeLibrary(string library, Func<string> version)
    {
        if (CudaLibraries.Find(library) is { } found) return $"{version()}, {found.Path}";
        return $"missing: {CudaLibraries.DescribeMissing(library)}";
    }

    static string DescribeDevice(CudaDevice device) =>
        $"{device.Name}, compute capability {device.CapabilityName}, {device.Multiprocessors} multiprocessors, "
        + $"{device.MemoryBytes >> 30} GiB";

    static string DriverVersion()
    {
        if (CudaDriver.DriverGetVersion(out int version) != CudaResult.Success) return "no version";
        return $"CUDA {version / 1000}.{version % 1000 / 10}";
    }

    static string NvrtcVersion()
    {
        if (Nvrtc.Version(out int major, out int minor) != NvrtcResult.Success) return "no version";
        return $"{major}.{minor}";
    }

    static string CublasLtVersion() => $"{CublasLt.GetVersion()}";
}
