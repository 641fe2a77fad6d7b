using EsimCse.Reports;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Reports;

/// <summary>Reports in a real browser.</summary>
public class BrowserTests
{
    [Fact]
    public void A_report_opens_without_errors_and_without_a_network()
    {
        using RunFiles runs = new();
        foreach (string seed in new[] { "1", "2" })
            runs.Add("run " + seed, new Dictionary<string, string> { ["seed"] = seed });
        string path = runs.In("report.html");
        ReportPage.Write([runs.Folder], path);
        (string page, string[] console) = Browser.Open(path);
        Assert.Empty(console);
        string written = File.ReadAllText(path);
        foreach (string element in new[] { "<svg", "<td", "<figure", "<details", "<tr", "<circle", "<text", "<style" })
            Assert.Equal(Count(written, element), Count(page, element));
        Assert.Contains("STS-B dev × 100</th>", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<script>nothing.at.all()</script>")]
    [InlineData("<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\">" +
        "<img src='http://example.invalid/picture.png'>")]
    public void Errors_of_a_page_are_found(string html)
    {
        using RunFiles runs = new();
        File.WriteAllText(runs.In("page.html"), $"<!DOCTYPE html>{html}");
        Assert.NotEmpty(Browser.Open(runs.In("page.html")).Console);
    }

    static int Count(string text, string part) => text.Split(part).Length - 1;
}
