using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using EsimCse.Cuda.Kernels;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>
/// Every kernel through our own binding of NVIDIA's real compiler, to machine code. The variable ESIMCSE_NVRTC names its folder; it runs in a process of its own,
/// since in this one SoftCuda may stand in its place.
/// </summary>
public partial class KernelCompilationTests
{
    const string Child = "ESIMCSE_TEST_CHILD";

    /// <summary>Of a multiprocessor of both architectures.</summary>
    const int Registers = 65536, RegistersPerThread = 255, Threads = 2048, Blocks = 32, SharedBytes = 48 << 10;

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
        string[] command = Tool.CommandOf(typeof(KernelCompilationTests).Assembly);
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
        Directory.CreateDirectory(Repository.File("artifacts"));
        File.WriteAllLines(Repository.File("artifacts", "kernels.txt"), table);
    }

    static void Compile(string operation, string architecture)
    {
        byte[] image = KernelCompiler.Compile(operation, architecture, out string log, "--ptxas-options=-v");
        Assert.Equal([0x7F, (byte)'E', (byte)'L', (byte)'F'], image[..4]);
        MatchCollection kernels = Entry().Matches(log);
        Assert.NotEmpty(kernels);
        Dictionary<string, Match> bounds = Bounds().Matches(Encoding.UTF8.GetString(KernelCompiler.Compile(operation, architecture.Replace("sm", "compute", StringComparison.Ordinal), out _))).ToDictionary(match => match.Groups[1].Value);
        foreach (Match kernel in kernels)
        {
            string rest = log[kernel.Index..];
            int registers = Number(RegisterCount().Match(rest).Groups[1]);
            Assert.True(Spills().Match(rest) is { Success: true, Value: "0 bytes spill stores, 0 bytes spill loads" }, $"{kernel.Groups[1].Value} for {architecture} spills: {rest.Split('\n')[1]}");
            Assert.InRange(registers, 1, RegistersPerThread);
            // What the kernel itself states: threads a block, and blocks that a multiprocessor must hold at once, 1 where it says nothing.
            Match bound = bounds[kernel.Groups[1].Value];
            int threads = Number(bound.Groups[2]), least = bound.Groups[3].Success ? Number(bound.Groups[3]) : 1;
            int blocks = Math.Min(Blocks, Math.Min(Threads, Registers / ((registers + 7) / 8 * 8)) / threads);
            Assert.True(blocks >= least, $"{kernel.Groups[1].Value} for {architecture}: {registers} registers leave room for {blocks} blocks of {threads} threads, {least} are stated");
            Console.WriteLine($"{architecture,-7} {kernel.Groups[1].Value,-36} {registers,3} registers, {blocks,2} blocks of {threads,3} threads a multiprocessor ({least} stated), {100 * blocks * threads / Threads,3} % occupied");
        }
        Assert.All(Shared().Matches(log), shared => Assert.InRange(Number(shared.Groups[1]), 0, SharedBytes));
    }

    static int Number(Group group) => int.Parse(group.Value, System.Globalization.CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\.entry (\w+)\([^)]*\)\s*\.maxntid (\d+)[, 1]*(?:\s*\.minnctapersm (\d+))?")]
    private static partial Regex Bounds();

    [GeneratedRegex("Compiling entry function '(\\w+)'")]
    private static partial Regex Entry();

    [GeneratedRegex("Used (\\d+) registers")]
    private static partial Regex RegisterCount();

    [GeneratedRegex("\\d+ bytes spill stores, \\d+ bytes spill loads")]
    private static partial Regex Spills();

    [GeneratedRegex("(\\d+) bytes smem")]
    private static partial Regex Shared();
}
