using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda;

/// <summary>What this machine offers to the CUDA backend, and what is missing, for people.</summary>
public static class CudaReport
{
    /// <summary>A line a library and a line a device.</summary>
    public static IEnumerable<string> Lines()
    {
        foreach ((string label, string library, Func<string> version) in new (string, string, Func<string>)[]
        {
            ("driver", CudaLibraries.Driver, DriverVersion), ("nvrtc", CudaLibraries.Compiler, CompilerVersion), ("cublasLt", CudaLibraries.Products, ProductsVersion),
        })
            yield return $"{label,-10} {(CudaLibraries.Find(library) is { } found ? $"{version()}, {found.Path}" : $"missing: {CudaLibraries.Missing(library)}; {CudaLibraries.Advice(library)}")}";
        foreach (CudaDevice device in CudaDevice.All())
            yield return $"{$"cuda:{device.Ordinal}",-10} {device.Name}, compute capability {device.Capability / 10}.{device.Capability % 10}, {device.Multiprocessors} multiprocessors, {device.MemoryBytes >> 30} GiB";
        yield return $"{"cuda",-10} {CudaDevice.WhyNone() ?? "ready"}";
    }

    static string DriverVersion() => CudaDriver.DriverGetVersion(out int version) == CudaResult.Success ? $"CUDA {version / 1000}.{version % 1000 / 10}" : "no version";

    static string CompilerVersion() => Nvrtc.Version(out int major, out int minor) == NvrtcResult.Success ? $"{major}.{minor}" : "no version";

    static string ProductsVersion() => $"{CublasLt.GetVersion()}";
}
