using System.Runtime.CompilerServices;
using EsimCse.Core.Backend;
using EsimCse.Cpu;
using EsimCse.Cuda;
using EsimCse.Tests.Cuda;

namespace EsimCse.Tests.Support;

/// <summary>
/// The backends that every operation is tested on. SoftCuda replaces a missing CUDA device; without g++ the CUDA tests
/// are skipped.
/// </summary>
static class Backends
{
    public const string Cuda = "cuda";

    static readonly Lazy<string?> WhyNoCuda = new(FindCuda);

    /// <summary>Folder of NVIDIA's NVRTC for tests that need the real compiler, from ESIMCSE_NVRTC.</summary>
    public static string? RealCompiler { get; } = Environment.GetEnvironmentVariable("ESIMCSE_NVRTC");

    public static TheoryData<string> All => [.. Names];

    public static string[] Names => ["cpu-1", "cpu-3", Cuda];

    public static IBackend Create(string name)
    {
        if (name != Cuda) return new CpuBackend(name == "cpu-1" ? 1 : 3);
        RequireCuda();
        return new CudaBackend();
    }

    /// <summary>Looks for CUDA before any test does: a library that was not found is not looked for again.</summary>
    [ModuleInitializer]
    internal static void FindCudaFirst()
    {
        if (!KernelCompilationTests.IsChild) _ = WhyNoCuda.Value;
    }

    public static void RequireCuda() =>
        Assert.SkipWhen(WhyNoCuda.Value is not null, $"neither a CUDA device nor SoftCuda: {WhyNoCuda.Value}");

    /// <summary>Whether a backend takes rows of `width` elements. On CUDA the width is a multiple of 8.</summary>
    public static bool SupportsWidth(string name, int width) => name != Cuda || width % 8 == 0;

    /// <summary>
    /// Looks for a device in ESIMCSE_CUDA and at a driver, else builds SoftCuda. Returns null, or why there is none.
    /// </summary>
    static string? FindCuda()
    {
        const string variable = "ESIMCSE_CUDA";
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable)) && !File.Exists("/dev/nvidiactl"))
        {
            string folder = Repository.File("artifacts", "softcuda");
            if (Build(folder) is { } reason) return reason;
            Environment.SetEnvironmentVariable(variable, folder);
            // SoftCuda has its own NVRTC in its folder.
            if (RealCompiler is not null) Environment.SetEnvironmentVariable("ESIMCSE_NVRTC", null);
        }
        return CudaDevice.WhyNone();
    }

    static string? Build(string folder)
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/usr/bin/g++")) return "SoftCuda needs g++ on Linux";
        (int code, string output, string error) =
            ChildProcess.Run(new(Repository.File("tests", "SoftCuda", "build.sh"), [folder]));
        return code == 0 ? null : $"SoftCuda does not build: {output}{error}";
    }
}
