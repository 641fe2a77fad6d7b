using System.Diagnostics;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cli;

public sealed class SweepCommandTests : IDisposable
{
    readonly SmallModel _small = new();

    public void Dispose() => _small.Dispose();

    string[] Arguments(string output, params string[] extra) =>
    [
        "sweep", "--from-scratch", _small.In("config.json"), "--vocabulary", _small.Folder,
        "--data", _small.In("corpus.txt"), "--eval-data", _small.Folder, "--output", _small.In(output),
        "--batch-size", "8", "--max-steps", "300", "--eval-every", "50", "--save-every", "20", "--threads", "1",
        "--device", "cpu", .. extra,
    ];

    static readonly string[] Grid = ["--grid", "queue-size=0,20;repetition=none,subword", "--seeds", "1"];

    [Fact]
    public async Task A_sweep_that_was_killed_and_started_again_gives_the_same_report()
    {
        AssertDone(Tool.Run("", Arguments("whole", Grid)));
        string second = _small.In("parts", "queue-size=0,repetition=subword,seed=1", "checkpoints");
        using Process killed = Tool.Start(Arguments("parts", [.. Grid, "--tensorboard"]));
        _ = killed.StandardError.ReadToEndAsync();
        await Tool.WaitUntil(killed, HasCheckpoint, "the second run's first checkpoint");
        killed.Kill();
        await Tool.WaitForExit(killed, "the kill");
        string first = _small.In("parts", "queue-size=0,repetition=none,seed=1", "metrics.jsonl");
        byte[] finished = File.ReadAllBytes(first);

        AssertDone(Tool.Run("", Arguments("parts", [.. Grid, "--tensorboard"])));
        Assert.Equal(finished, File.ReadAllBytes(first));
        ReadEvent[] events = EventReader.ReadFolder(Path.Combine(second, "..", "tensorboard"));
        IEnumerable<long> steps = events.Where(read => read.Scalars.ContainsKey("loss")).Select(read => read.Step);
        Assert.Equal(Enumerable.Range(1, 300).Select(step => (long)step), steps);
        Assert.Equal(WithoutSpeed(Report("whole")), WithoutSpeed(Report("parts")));

        File.Delete(_small.In("parts", "report.html"));
        (int code, string output, string error) = Tool.Run("", "report", _small.In("parts"), "--output", "-");
        Assert.True(code == 0, error);
        Assert.Equal(WithoutSpeed(Report("whole")), WithoutSpeed(output));

        bool HasCheckpoint() => Directory.Exists(second) && Directory.GetFiles(second, "step-*.safetensors").Length > 0;
    }

    [Fact]
    public void The_report_is_about_every_run()
    {
        AssertDone(Tool.Run("", Arguments("sweep", [.. Grid[..^1], "1,2", "--overwrite", "--pooler", "avg"])));
        PageReader page = new(Report("sweep"));
        string[][] groups = page.Table("Mean and sample");
        Assert.Equal(["group", "repetition", "queue-size", "runs"], page.Columns("Mean and sample")[..4]);
        Assert.Equal(
            ["1 none 0 2", "2 none 20 2", "3 subword 0 2", "4 subword 20 2"],
            groups.Select(row => string.Join(' ', row[..4])));
        Assert.Equal(8, page.Table("Every run").Length);
        Assert.Equal(7, page.Table("STS-B dev").Length);
    }

    [Theory]
    [InlineData("queue-size=0;colour=red", "found colour")]
    [InlineData("dropout=0,2", "--dropout: found 2")]
    public void A_grid_that_cannot_run_is_refused_before_any_run(string grid, string message)
    {
        (int code, _, string error) = Tool.Run("", Arguments("never", "--grid", grid));
        Assert.Equal(2, code);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_small.In("never")));
    }

    [Fact]
    public void An_option_that_changed_is_named_when_a_sweep_goes_on()
    {
        string[] grid = ["--grid", "queue-size=0"];
        AssertDone(Tool.Run("", Arguments("sweep", [.. grid, "--dropout", "0.2"])));
        (int code, _, string error) = Tool.Run("", Arguments("sweep", grid));
        Assert.Equal(2, code);
        Assert.Contains("--dropout was 0.2", error, StringComparison.Ordinal);
    }

    static void AssertDone((int Code, string Output, string Error) run) => Assert.True(run.Code == 0, run.Error);

    string Report(string output) => File.ReadAllText(_small.In(output, "report.html"));

    /// <summary>Removes the section of speed, which depends on the machine's load.</summary>
    static string WithoutSpeed(string page)
    {
        int start = page.IndexOf("<section id=\"speed\">", StringComparison.Ordinal);
        Assert.True(start > 0, "the section of speed is found");
        return page[..start] + page[page.IndexOf("</section>", start, StringComparison.Ordinal)..];
    }
}
