using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using EsimCse.Cuda.Interop;
using EsimCse.Cuda.Kernels;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>
/// Compiles every kernel to machine code through our own binding of NVIDIA's compiler, whose folder the variable
/// ESIMCSE_NVRTC names; in a process of its own, since SoftCuda may have taken NVRTC's place in this one.
/// </summary>
public partial class KernelCompilationTests
{
    const string ChildVariable = "ESIMCSE_TEST_CHILD";

    // Limits of a multiprocessor of sm_80 and of sm_90.
    const int Registers = 65536;
    const int MaxRegistersPerThread = 255;
    const int MaxThreads = 2048;
    const int MaxBlocks = 32;
    const int StaticSharedBytes = 48 << 10;

    static readonly string[] Architectures = ["sm_80", "sm_90a"];

    /// <summary>The table of the kernels' resources that are allowed.</summary>
    static string Pinned => Repository.File("tests", "EsimCse.Tests", "Cuda", "kernels.txt");

    /// <summary>Whether this process is the one that compiles with the real NVRTC.</summary>
    internal static bool IsChild => Environment.GetEnvironmentVariable(ChildVariable) is not null;

    [Fact]
    public void The_real_compiler_builds_every_kernel_and_nothing_spills()
    {
        if (IsChild)
        {
            Nvrtc.Version(out int major, out int minor).ThrowIfFailed();
            // The runner may have left a colour's code on this line.
            Console.WriteLine();
            Console.WriteLine(KernelTable.Header(major, minor));
            foreach (string operation in KernelSources.Operations)
                foreach (string architecture in Architectures) Compile(operation, architecture);
            return;
        }
        bool absent = string.IsNullOrEmpty(Backends.RealCompiler);
        Assert.SkipWhen(absent, "ESIMCSE_NVRTC names no folder with NVIDIA's NVRTC");
        string output = RunInChild();
        string[] table = [.. output.Split('\n').Where(line => KernelTable.IsRow(line) || KernelTable.IsHeader(line))];
        Assert.True(table.Length >= 4 * KernelSources.Operations.Count, output);
        Directory.CreateDirectory(Repository.File("artifacts"));
        File.WriteAllLines(Repository.File("artifacts", "kernels.txt"), table);
        KernelTable.Compare(Pinned, table);
    }

    static string RunInChild()
    {
        string[] command = Tool.CommandOf(typeof(KernelCompilationTests).Assembly);
        string[] arguments = [.. command[1..], "-class", typeof(KernelCompilationTests).FullName!];
        ProcessStartInfo start = new(command[0], arguments);
        start.Environment[ChildVariable] = "1";
        start.Environment["ESIMCSE_NVRTC"] = Backends.RealCompiler;
        start.Environment.Remove("ESIMCSE_CUDA");
        (int code, string output, _) = ChildProcess.Run(start);
        Assert.True(code == 0, output);
        return output;
    }

    static void Compile(string operation, string architecture)
    {
        byte[] image = KernelCompiler.Compile(operation, architecture, out string log, "--ptxas-options=-v");
        Assert.Equal([0x7F, (byte)'E', (byte)'L', (byte)'F'], image[..4]);
        string ptxArchitecture = architecture.Replace("sm", "compute", StringComparison.Ordinal);
        string ptx = Encoding.UTF8.GetString(KernelCompiler.Compile(operation, ptxArchitecture, out _));
        Dictionary<string, Match> bounds =
            LaunchBounds().Matches(ptx).ToDictionary(match => match.Groups["kernel"].Value);
        MatchCollection kernels = Entry().Matches(log);
        Assert.NotEmpty(kernels);
        foreach (Match kernel in kernels)
        {
            string name = kernel.Groups["kernel"].Value;
            CheckKernel(architecture, name, log[kernel.Index..], bounds[name]);
        }
        CheckVariants(operation, architecture, [.. kernels.Select(kernel => kernel.Groups["kernel"].Value)]);
    }

    /// <summary>Checks that each kernel's variant contains it, and no kernel of another type or head size.</summary>
    static void CheckVariants(string operation, string architecture, string[] kernels)
    {
        string[] untyped = [.. kernels.Where(kernel => KernelVariant.Of(kernel).Type.Length == 0)];
        foreach (IGrouping<KernelVariant, string> variant in kernels.GroupBy(KernelVariant.Of))
        {
            string[] options = [.. variant.Key.Options, "--ptxas-options=-v"];
            KernelCompiler.Compile(operation, architecture, out string log, options);
            IEnumerable<string> found = Entry().Matches(log).Select(kernel => kernel.Groups["kernel"].Value);
            Assert.Equal(variant.Union(untyped).Order(), found.Order());
        }
    }

    /// <summary>
    /// Checks that nothing spills, that shared memory needs no opt-in, and that the stated number of blocks fits, 1
    /// where none is stated.
    /// </summary>
    static void CheckKernel(string architecture, string name, string log, Match bound)
    {
        log = log.Split("Compiling entry function")[1];
        Match spills = Spills().Match(log);
        Assert.True(
            spills is { Success: true, Value: "0 bytes spill stores, 0 bytes spill loads" },
            $"{name} for {architecture} spills: {spills}");
        int registers = Number(RegisterCount().Match(log), "registers");
        Assert.InRange(registers, 1, MaxRegistersPerThread);
        int threads = Number(bound, "threads");
        int stated = bound.Groups["blocks"].Success ? Number(bound, "blocks") : 1;
        int residentThreads = Math.Min(MaxThreads, Registers / ((registers + 7) / 8 * 8));
        int blocks = Math.Min(MaxBlocks, residentThreads / threads);
        Match shared = SharedBytes().Match(log);
        int sharedBytes = shared.Success ? Number(shared, "bytes") : 0;
        Assert.InRange(sharedBytes, 0, StaticSharedBytes);
        string resources = KernelTable.Resources(registers, sharedBytes);
        string room = $"{resources}, {blocks,2} blocks of {threads,3} threads per multiprocessor";
        string row = $"{architecture,-7} {name,-36} {room} ({stated} stated)";
        Assert.True(blocks >= stated, row);
        Console.WriteLine($"{row}, {100 * blocks * threads / MaxThreads,3} % occupied");
    }

    static int Number(Match match, string group) => int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(
        @"\.entry (?<kernel>\w+)\([^)]*\)\s*\.maxntid (?<threads>\d+)[, 1]*" +
        @"(?:\s*\.minnctapersm (?<blocks>\d+))?")]
    private static partial Regex LaunchBounds();

    [GeneratedRegex("Compiling entry function '(?<kernel>\\w+)'")]
    private static partial Regex Entry();

    [GeneratedRegex("Used (?<registers>\\d+) registers")]
    private static partial Regex RegisterCount();

    [GeneratedRegex("\\d+ bytes spill stores, \\d+ bytes spill loads")]
    private static partial Regex Spills();

    [GeneratedRegex("(?<bytes>\\d+) bytes smem")]
    private static partial Regex SharedBytes();
}
