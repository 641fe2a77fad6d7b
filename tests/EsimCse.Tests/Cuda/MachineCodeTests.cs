using System.Text.Json;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>The machine code of every kernel, read by the program that ESIMCSE_KERNEL_REPORT names.</summary>
public class MachineCodeTests
{
    const int Architectures = 2;

    /// <summary>Kernels that move whole rows or arenas: their speed is that of their loads and stores.</summary>
    static readonly string[] StreamingKernels =
    [
        "layernorm_", "linear_", "activation_", "tanh_", "dropout_", "cast_", "adamw_", "embedding_forward",
        "embedding_scatter", "embedding_join", "clspooling_", "gather_", "pooling_", "queuepush_copy",
    ];

    [Fact]
    public void Tensor_cores_and_wide_accesses_are_used_and_nothing_spills()
    {
        string? report = Environment.GetEnvironmentVariable("ESIMCSE_KERNEL_REPORT");
        Assert.SkipWhen(string.IsNullOrEmpty(report), "ESIMCSE_KERNEL_REPORT names no program that reads machine code");
        JsonElement[] kernels = Report(report!);
        foreach (JsonElement kernel in kernels) Check(kernel);
        // Forward and short backward in three sizes of tiles, queries and keys; two types, two sizes of heads.
        Assert.Equal(Architectures * (3 + 3 + 1 + 1) * 4, kernels.Count(UsesTensorCores));
        Assert.InRange(kernels.Count(IsStreaming), Architectures * 80, Architectures * 110);
    }

    static void Check(JsonElement kernel)
    {
        string where = $"{NameOf(kernel)} for {kernel.GetProperty("arch")}: {kernel}";
        Assert.True(Count("spilled_bytes") == 0 && Count("local") == 0, $"local memory: {where}");
        if (UsesTensorCores(kernel)) Assert.True(Count("tensor") > 0, $"no tensor cores: {where}");
        // Two offsets, a log-sum-exp, and the counters of the dropout mask, which no loop reads.
        if (UsesTensorCores(kernel)) Assert.InRange(Count("ldg32"), 0, 6);
        // Twenty warps per multiprocessor, backward sixteen.
        bool isForward = NameOf(kernel).StartsWith("attention_forward", StringComparison.Ordinal);
        if (HasSmallTiles(kernel)) Assert.InRange(Count("registers"), 0, isForward ? 96 : 128);
        bool isWide = Count("ldg128") > 0 && Count("stg128") > 0;
        if (IsStreaming(kernel)) Assert.True(isWide, $"no 16-byte accesses: {where}");
        // Of eight elements: more than this takes longer than their bytes. The backward pass adds up sums at its end.
        int limit = NameOf(kernel).Contains("_backward_", StringComparison.Ordinal) ? 450 : 170;
        if (IsSixteenBitGelu(kernel)) Assert.InRange(Count("instructions"), 0, limit);
        // One thread adding all partial sums took half of the norm's time.
        if (NameOf(kernel) == "gradientnorm_total") Assert.True(Count("shuffle") > 0, $"one thread adds: {where}");

        int Count(string key) => kernel.TryGetProperty(key, out JsonElement value) ? value.GetInt32() : 0;
    }

    static bool UsesTensorCores(JsonElement kernel) => NameOf(kernel).Contains("_tiles", StringComparison.Ordinal);

    static bool HasSmallTiles(JsonElement kernel) =>
        NameOf(kernel).Contains("x32_", StringComparison.Ordinal)
        || NameOf(kernel).Contains("x48_", StringComparison.Ordinal);

    static bool IsSixteenBitGelu(JsonElement kernel) =>
        NameOf(kernel).Contains("_gelu_", StringComparison.Ordinal)
        && NameOf(kernel).EndsWith("f16", StringComparison.Ordinal);

    static bool IsStreaming(JsonElement kernel) =>
        StreamingKernels.Any(prefix => NameOf(kernel).StartsWith(prefix, StringComparison.Ordinal));

    static string NameOf(JsonElement kernel) => kernel.GetProperty("kernel").GetString()!;

    static JsonElement[] Report(string program)
    {
        string[] files = Directory.GetFiles(Repository.File("kernels"), "*.cu");
        string[] arguments = [.. files, "--include", Repository.File("kernels"), "--json"];
        (_, string output, _) = ChildProcess.Run(new(program, arguments));
        return [.. JsonDocument.Parse(output).RootElement.EnumerateArray()];
    }
}
