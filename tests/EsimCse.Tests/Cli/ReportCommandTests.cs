using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cli;

public sealed class ReportCommandTests : IDisposable
{
    readonly RunFiles _runs = new();

    public ReportCommandTests() => _runs.Add("run", new Dictionary<string, string>());

    public void Dispose() => _runs.Dispose();

    [Fact]
    public void A_report_of_several_folders_is_one_file()
    {
        _runs.Add("sweep/one", new Dictionary<string, string> { ["seed"] = "2" });
        string report = _runs.In("page.html");
        (int code, _, string error) = Tool.Run("", "report", _runs.In("run"), _runs.In("sweep"), "--output", report);
        Assert.True(code == 0, error);
        Assert.Equal(2, new PageReader(File.ReadAllText(report)).Table("Every run").Length);
    }

    [Theory]
    [InlineData(2, "page.txt", "page.txt: expected a name that ends in .html")]
    [InlineData(3, "none/page.html", "none: no such folder")]
    public void An_output_that_cannot_be_is_refused(int expected, string output, string message)
    {
        (int code, _, string error) = Tool.Run("", "report", _runs.In("run"), "--output", _runs.In(output));
        Assert.Equal(expected, code);
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_broken_line_is_named_and_leaves_no_report()
    {
        File.AppendAllText(_runs.In("run", "metrics.jsonl"), "{\"step\"");
        string report = _runs.In("page.html");
        (int code, _, string error) = Tool.Run("", "report", _runs.In("run"), "--output", report);
        Assert.Equal(3, code);
        Assert.Contains("metrics.jsonl(35): found {\"step\", expected a JSON object", error, StringComparison.Ordinal);
        Assert.False(File.Exists(report));
    }

    [Fact]
    public void A_full_disk_fails_with_one_line()
    {
        (int code, string error) = Tool.RunOnFullDisk("report", _runs.In("run"), "--output", "-");
        Assert.True(code == 1, $"found {code}: {error}");
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }
}
