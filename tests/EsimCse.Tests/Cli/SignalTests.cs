using System.Diagnostics;
using System.Runtime.InteropServices;
using EsimCse.Core.Backend;
using EsimCse.Core.Files;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cli;

/// <summary>A run that is asked to end, or whose disk fills, ends in one line and loses nothing.</summary>
public partial class SignalTests
{
    const int Interrupt = 2, Terminate = 15;

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    static string[] Train(SmallModel small, string output) => ["train", "--from-scratch", small.In("config.json"), "--vocabulary", small.Folder, "--data", small.In("corpus.txt"),
        "--output", small.In(output), "--max-steps", "1000000", "--batch-size", "8", "--queue-size", "20", "--save-every", "200", "--pooler", "avg"];

    [Theory]
    [InlineData(Interrupt, 130)]
    [InlineData(Terminate, 143)]
    public async Task A_signal_ends_the_run_after_its_step_with_a_checkpoint(int signal, int code)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "signals are sent on Linux alone");
        using SmallModel small = new();
        using Process process = Tool.StartByEnv(Train(small, "run"));
        Task<string> error = process.StandardError.ReadToEndAsync(), output = process.StandardOutput.ReadToEndAsync();
        string metrics = small.In("run", "metrics.jsonl");
        for (int waited = 0; (!File.Exists(metrics) || new FileInfo(metrics).Length < 2000) && waited < 600; waited++) await Task.Delay(50);
        Assert.Equal(0, Kill(process.Id, signal));
        if (!process.WaitForExit(30_000)) process.Kill();
        string said = await error + await output;
        Assert.True(process.ExitCode == code, $"found {process.ExitCode}, expected {code}: {said}");
        Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
        int newest = Checkpoint.Steps(small.In("run", "checkpoints"))[^1];
        Assert.Equal(newest, File.ReadLines(metrics).Count());
        using SafetensorsFile checkpoint = SafetensorsFile.Open(Checkpoint.PathOf(small.In("run", "checkpoints"), newest));
        Assert.Equal(newest, checkpoint.Span<int>(checkpoint.Tensors["counters"])[StepState.Step]);
    }

    [Fact]
    public async Task A_disk_that_fills_ends_the_run_and_leaves_no_broken_file()
    {
        Assert.SkipUnless(File.Exists("/bin/bash"), "no bash here");
        using SmallModel small = new();
        // The limit lets the first lines of metrics through and no checkpoint; the runtime's own mappings count as files unless told otherwise.
        ProcessStartInfo start = new("/bin/bash", ["-c", "trap '' XFSZ; ulimit -f 20; exec dotnet \"$@\"", "bash", typeof(EsimCse.Cli.CommandRunner).Assembly.Location, .. Train(small, "run")])
        { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync() + await output;
        process.WaitForExit();
        Assert.True(process.ExitCode == 1, $"found {process.ExitCode}: {error}");
        Assert.Contains("esimcse: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(small.In("run"), "*" + AtomicFile.TemporarySuffix, SearchOption.AllDirectories));
        Assert.Empty(Directory.GetFiles(small.In("run"), "*.safetensors", SearchOption.AllDirectories));
    }
}
