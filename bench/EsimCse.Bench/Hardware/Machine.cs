using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using System.Text.RegularExpressions;
using EsimCse.Cpu;

namespace EsimCse.Bench.Hardware;

/// <summary>The processor and the system, for the head of a table.</summary>
static partial class Machine
{
    /// <summary>The processor's name.</summary>
    public static string Processor { get; } = ReadProcessor();

    /// <summary>The instructions of vectors and matrices that we use here, the widest vectors first.</summary>
    public static string Instructions { get; } = string.Join(", ", FindInstructions());

    /// <summary>A name for files: processor, cores and the widest instructions.</summary>
    public static string FileName
    {
        get
        {
            string instructions = FindInstructions().First();
            string name = $"{Processor} {Environment.ProcessorCount} cores {instructions}";
            return NotInNames().Replace(name.ToLowerInvariant(), "-").Trim('-');
        }
    }

    public static string Describe()
    {
        string memory = (GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1L << 30)).ToString(
            CultureInfo.InvariantCulture);
        string system = $"{RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}";
        return $"{Processor}, {Environment.ProcessorCount} cores ({Instructions}), {memory} GiB, {system}";
    }

    static string ReadProcessor()
    {
        const string key = "model name";
        if (!File.Exists("/proc/cpuinfo")) return RuntimeInformation.ProcessArchitecture.ToString();
        string? line = File.ReadLines("/proc/cpuinfo").FirstOrDefault(
            line => line.StartsWith(key, StringComparison.Ordinal));
        return line?.Split(':', 2)[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }

    static IEnumerable<string> FindInstructions()
    {
        if (Avx512F.IsSupported) yield return "AVX-512";
        if (Avx512Vbmi.IsSupported) yield return "AVX-512 VBMI";
        if (CpuBackend.Int8Variant.StartsWith("amx", StringComparison.Ordinal)) yield return "AMX";
        if (AvxVnni.IsSupported) yield return "AVX-VNNI";
        if (Avx2.IsSupported) yield return "AVX2";
        if (AdvSimd.IsSupported) yield return "NEON";
        yield return "scalar";
    }

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex NotInNames();
}
