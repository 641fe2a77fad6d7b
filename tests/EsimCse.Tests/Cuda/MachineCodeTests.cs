using System.Diagnostics;
using System.Text.Json;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>What the kernels become, read by the disassembler that the variable ESIMCSE_KERNEL_REPORT names.</summary>
public class MachineCodeTests
{
    /// <summary>Kernels that move whole rows or arenas: what they are worth is how wide they read and write.</summary>
    static readonly string[] Streaming = ["layernorm_", "linear_", "gelu_", "tanh_", "dropout_", "cast_", "adamw_", "embedding_forward", "embedding_scatter", "embedding_join",
        "clspooling_", "queuepush_copy"];

    [Fact]
    public void Tensor_cores_and_wide_accesses_are_where_they_are_claimed()
    {
        string? report = Environment.GetEnvironmentVariable("ESIMCSE_KERNEL_REPORT");
        Assert.SkipWhen(string.IsNullOrEmpty(report), "ESIMCSE_KERNEL_REPORT is not set: this test reads machine code with the program that it names");
        string[] files = Directory.GetFiles(Repository.File("kernels"), "*.cu");
        using Process process = Process.Start(new ProcessStartInfo(report!, [.. files, "--include", Repository.File("kernels"), "--json"]) { RedirectStandardOutput = true })!;
        JsonElement[] kernels = [.. JsonDocument.Parse(process.StandardOutput.ReadToEnd()).RootElement.EnumerateArray()];
        process.WaitForExit();
        int tiled = 0, streaming = 0;
        foreach (JsonElement kernel in kernels)
        {
            string name = kernel.GetProperty("kernel").GetString()!, where = $"{name} for {kernel.GetProperty("arch")}: {kernel}";
            int Count(string what) => kernel.TryGetProperty(what, out JsonElement value) ? value.GetInt32() : 0;
            Assert.True(Count("spilled_bytes") == 0 && Count("local") == 0, $"memory of a thread's own: {where}");
            if (name.Contains("_tiles", StringComparison.Ordinal))
            {
                tiled++;
                Assert.True(Count("tensor") > 0, $"no tensor cores: {where}");
            }
            if (!Streaming.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal))) continue;
            streaming++;
            Assert.True(Count("ldg128") > 0 && Count("stg128") > 0, $"no 16-byte accesses: {where}");
        }
        Assert.Equal(2 * 4 * 4, tiled);
        Assert.InRange(streaming, 2 * 60, 2 * 90);
    }
}
