using System.Text.Json;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cli;

public class EmbedSummaryTests
{
    [Fact]
    public void It_ends_with_the_counts_on_standard_error()
    {
        using SmallModel small = new();
        string input = Write(small, "a cat\na\na cat a\n");
        (int code, string output, string error) = Run(small, input);
        Assert.Equal(0, code);
        Assert.Equal(3, output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        string last = error.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.StartsWith("3 rows, 12 tokens, 0 truncated; ", last, StringComparison.Ordinal);
        Assert.EndsWith("; cpu, 2 threads", last, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_object_is_on_standard_output_where_that_is_free(bool hasFile)
    {
        using SmallModel small = new();
        string input = Write(small, "a cat\na\na cat a\n");
        string[] file = hasFile ? ["--output", small.In("v.npy")] : [];
        (int code, string output, string error) = Run(small, input, ["--json", "--max-length", "4", .. file]);
        Assert.Equal(0, code);
        string line = (hasFile ? output : error).Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        using JsonDocument summary = JsonDocument.Parse(line);
        Assert.Equal(3, summary.RootElement.GetProperty("rows").GetInt64());
        Assert.Equal(11, summary.RootElement.GetProperty("tokens").GetInt64());
        Assert.Equal(1, summary.RootElement.GetProperty("truncated").GetInt64());
        Assert.Equal("cpu, 2 threads", summary.RootElement.GetProperty("device").GetString());
        double seconds = summary.RootElement.GetProperty("seconds").GetDouble();
        Assert.Equal(3 / seconds, summary.RootElement.GetProperty("rows_per_second").GetDouble(), 1e-6 / seconds);
    }

    static (int Code, string Output, string Error) Run(SmallModel small, string input, params string[] options) =>
        Tool.Run("", ["embed", small.In("run"), input, "--device", "cpu", "--threads", "2", .. options]);

    static string Write(SmallModel small, string text)
    {
        SmallModel.Train(small.Job("run"));
        string path = small.In("input.txt");
        File.WriteAllText(path, text);
        return path;
    }
}
