using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using EsimCse.Cli;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Files;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cli;

public partial class CommandRunnerTests
{
    const int SigInt = 2;
    const int SigTerm = 15;

    public static TheoryData<Exception, int> ExitCodes => new()
    {
        { new InvalidInputException("bad"), 3 },
        { new UsageException("bad"), 2 },
        { new DeviceException("bad"), 1 },
        { new DeviceMemoryException("bad"), 1 },
        { new NotFiniteException("bad"), 1 },
        { new IOException("bad"), 1 },
        { new UnauthorizedAccessException("bad"), 1 },
        { new ArgumentException("bad"), 1 },
        { new ArgumentOutOfRangeException("name", "bad"), 1 },
        { new ArgumentNullException("name", "bad"), 1 },
        { new InvalidOperationException("bad"), 1 },
        { new OperationCanceledException("bad"), 1 },
    };

    static (int Code, string Error) Run(Action<ParseResult, CancellationToken> action, params string[] arguments)
    {
        RootCommand root = new("test") { CommonOptions.Verbose };
        root.OnRun(action);
        using StringWriter error = new();
        InvocationConfiguration configuration = new() { EnableDefaultExceptionHandler = false, Error = error };
        return (root.Parse(arguments).Invoke(configuration), error.ToString());
    }

    [Theory]
    [MemberData(nameof(ExitCodes), DisableDiscoveryEnumeration = true)]
    public void An_exception_becomes_its_exit_code_and_one_line(Exception exception, int expected)
    {
        (int code, string error) = Run((_, _) => throw exception);
        Assert.Equal(expected, code);
        Assert.StartsWith("esimcse: bad", error, StringComparison.Ordinal);
        Assert.Equal(error.Length - 1, error.IndexOf('\n', StringComparison.Ordinal));
    }

    [Fact]
    public void Only_verbose_shows_the_stack_trace()
    {
        static void Fail(ParseResult parsed, CancellationToken stop) => throw new IOException("a\nb");
        Assert.Equal((1, "esimcse: a b\n"), Run(Fail));
        Assert.Contains("   at ", Run(Fail, "--verbose").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_exception_without_a_helpful_message_gets_one()
    {
        string memory = Run((_, _) => throw new InsufficientMemoryException()).Error;
        Assert.Equal("esimcse: out of memory: lower --batch-size or --max-length\n", memory);
        string size = Run((_, _) => throw new OverflowException()).Error;
        Assert.Contains("--queue-size", size, StringComparison.Ordinal);
    }

    [Fact]
    public void An_action_that_returns_ends_with_0() => Assert.Equal((0, ""), Run((_, _) => { }));

    [Theory]
    [InlineData(SigInt, 130)]
    [InlineData(SigTerm, 143)]
    public async Task A_signal_ends_training_after_its_step_with_a_checkpoint(int signal, int expected)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "signals are sent on Linux only");
        using SmallModel small = new();
        string metrics = small.In("run", "metrics.jsonl");
        using Process process = Tool.StartWithDefaultSignals(EndlessTraining(small));
        Task<string> error = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        await Tool.WaitUntil(process, () => HasBytes(metrics, 2000), "the metrics of the first steps");

        Assert.Equal(0, Kill(process.Id, signal));
        int code = await Tool.WaitForExit(process, "the signal");

        string text = await error + await output;
        Assert.True(code == expected, $"found {code}, expected {expected}: {text}");
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        string checkpoints = small.In("run", "checkpoints");
        int newest = Checkpoint.Steps(checkpoints)[^1];
        Assert.Equal(newest, File.ReadLines(metrics).Count());
        using SafetensorsFile checkpoint = SafetensorsFile.Open(Checkpoint.PathOf(checkpoints, newest));
        Assert.Equal(newest, checkpoint.Span<int>(checkpoint.Tensors["counters"])[StepState.Step]);
    }

    [Fact]
    public void A_full_disk_ends_training_and_leaves_no_broken_file()
    {
        Assert.SkipUnless(File.Exists("/bin/bash"), "there is no bash");
        using SmallModel small = new();
        // The file size limit lets the first lines of metrics pass and no checkpoint. The runtime's own mappings count
        // as files unless W^X is off.
        const string limited = "trap '' XFSZ; ulimit -f 20; export DOTNET_EnableWriteXorExecute=0; exec \"$@\"";
        string[] arguments = ["-c", limited, "bash", .. Tool.Command, .. EndlessTraining(small)];
        using ChildProcess process = Tool.Start("/bin/bash", arguments);
        (int code, string output, string error) = process.Finish();
        error += output;

        Assert.True(code == 1, $"found {code}: {error}");
        Assert.Contains("esimcse: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.Empty(Find(small, "*" + AtomicFile.TemporarySuffix));
        Assert.Empty(Find(small, "*.safetensors"));
    }

    static string[] EndlessTraining(SmallModel small) =>
    [
        "train", "--from-scratch", small.In("config.json"), "--vocabulary", small.Folder,
        "--data", small.In("corpus.txt"), "--output", small.In("run"), "--max-steps", "1000000",
        "--batch-size", "8", "--queue-size", "20", "--save-every", "200", "--pooler", "avg",
    ];

    static bool HasBytes(string path, long bytes) => File.Exists(path) && new FileInfo(path).Length >= bytes;

    static string[] Find(SmallModel small, string pattern) =>
        Directory.GetFiles(small.In("run"), pattern, SearchOption.AllDirectories);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
