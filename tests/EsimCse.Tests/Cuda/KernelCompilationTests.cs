using System.Diagnostics;
using System.Text.RegularExpressions;
using EsimCse.Cuda;

namespace EsimCse.Tests.Cuda;

/// <summary>
/// Every kernel through our own binding of NVIDIA's real compiler, to machine code. The variable ESIMCSE_NVRTC names its folder; it runs in a process of its own,
/// since in this one SoftCuda may stand in its place.
/// </summary>
public partial class KernelCompilationTests
{
    const string Child = "ESIMCSE_TEST_CHILD";

    /// <summary>Of a multiprocessor of both architectures.</summary>
    const int Registers = 65536, RegistersPerThread = 255, SharedBytes = 48 << 10;

    static bool IsChild => Environment.GetEnvironmentVariable(Child) is not null;

    [Fact]
    public void The_real_compiler_takes_every_kernel_and_nothing_spills()
    {
        if (IsChild)
        {
            foreach (string operation in KernelSources.Operations)
                foreach (string architecture in new[] { "sm_80", "sm_90a" }) Compile(operation, architecture);
            return;
        }
        Assert.SkipWhen(string.IsNullOrEmpty(Backends.RealCompiler), "ESIMCSE_NVRTC is not set: this test compiles the kernels with the NVRTC in the folder that it names");
        string[] command = Cli.Tool.CommandOf(typeof(KernelCompilationTests).Assembly);
        ProcessStartInfo start = new(command[0], [.. command[1..], "-class", typeof(KernelCompilationTests).FullName!]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[Child] = "1";
        start.Environment["ESIMCSE_NVRTC"] = Backends.RealCompiler;
        start.Environment.Remove("ESIMCSE_CUDA");
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output);
        string[] table = [.. output.Split('\n').Where(line => line.StartsWith("sm_", StringComparison.Ordinal))];
        Assert.True(table.Length >= 4 * KernelSources.Operations.Count, output);
        Directory.CreateDirectory(Conventions.Repository.File("artifacts"));
        File.WriteAllLines(Conventions.Repository.File("artifacts", "kernels.txt"), table);
    }

    static void Compile(string operation, string architecture)
    {
        byte[] image = KernelCompiler.Compile(operation, architecture, out string log, "--ptxas-options=-v");
        Assert.Equal([0x7F, (byte)'E', (byte)'L', (byte)'F'], image[..4]);
        MatchCollection kernels = Entry().Matches(log);
        Assert.NotEmpty(kernels);
        foreach (Match kernel in kernels)
        {
            string rest = log[kernel.Index..];
            int registers = int.Parse(RegisterCount().Match(rest).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
            Assert.True(Spills().Match(rest) is { Success: true, Value: "0 bytes spill stores, 0 bytes spill loads" }, $"{kernel.Groups[1].Value} for {architecture} spills: {rest.Split('\n')[1]}");
            Assert.InRange(registers, 1, RegistersPerThread);
            Console.WriteLine($"{architecture,-7} {kernel.Groups[1].Value,-32} {registers,3} registers, {Math.Min(2048, Registers / ((registers + 7) / 8 * 8) / 32 * 32),4} threads a multiprocessor");
        }
        Assert.All(Shared().Matches(log), shared => Assert.InRange(int.Parse(shared.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture), 0, SharedBytes));
    }

    [GeneratedRegex("Compiling entry function '(\\w+)'")]
    private static partial Regex Entry();

    [GeneratedRegex("Used (\\d+) registers")]
    private static partial Regex RegisterCount();

    [GeneratedRegex("\\d+ bytes spill stores, \\d+ bytes spill loads")]
    private static partial Regex Spills();

    [GeneratedRegex("(\\d+) bytes smem")]
    private static partial Regex Shared();
}
