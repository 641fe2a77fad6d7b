using System.Diagnostics;
using EsimCse.Core.Backend;
using EsimCse.Cpu;
using EsimCse.Cuda;

namespace EsimCse.Tests.Support;

/// <summary>The devices that every operation's tests run over. Where there is no CUDA device, the software one takes its place; without g++ its tests are skipped.</summary>
static class Backends
{
    public const string Cuda = "cuda";

    static readonly Lazy<string?> Missing = new(FindCuda);

    /// <summary>The folder of NVIDIA's compiler, for the tests that want the real one; SoftCuda's must not be looked for there.</summary>
    public static string? RealCompiler { get; } = Environment.GetEnvironmentVariable("ESIMCSE_NVRTC");

    public static TheoryData<string> All => [.. Names];

    public static string[] Names => ["cpu-1", "cpu-3", Cuda];

    public static IBackend Create(string name)
    {
        if (name != Cuda) return new CpuBackend(name == "cpu-1" ? 1 : 3);
        RequireCuda();
        return new CudaBackend();
    }

    public static void RequireCuda() => Assert.SkipWhen(Missing.Value is not null, $"no CUDA device and no software one: {Missing.Value}");

    /// <summary>Whether a device takes rows so wide: CUDA's have multiples of 8.</summary>
    public static bool Takes(string name, int width) => name != Cuda || width % 8 == 0;

    /// <summary>Null where the variable ESIMCSE_CUDA, a driver, or the software device that is built here gives a device.</summary>
    static string? FindCuda()
    {
        const string variable = "ESIMCSE_CUDA";
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable)) && !File.Exists("/dev/nvidiactl"))
        {
            string folder = Repository.File("artifacts", "softcuda");
            if (Build(folder) is { } reason) return reason;
            Environment.SetEnvironmentVariable(variable, folder);
            if (RealCompiler is not null) Environment.SetEnvironmentVariable("ESIMCSE_NVRTC", null);
        }
        return CudaDevice.WhyNone();
    }

    static string? Build(string folder)
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/usr/bin/g++")) return "SoftCuda needs g++ on Linux";
        using Process build = Process.Start(new ProcessStartInfo(Repository.File("tests", "SoftCuda", "build.sh"), [folder]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> error = build.StandardError.ReadToEndAsync();
        string output = build.StandardOutput.ReadToEnd();
        build.WaitForExit();
        return build.ExitCode == 0 ? null : $"SoftCuda does not build: {output}{error.Result}";
    }
}
