using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cli;

public class DemoCommandTests
{
    [Fact]
    public void A_short_demo_leaves_a_model_that_similarity_loads()
    {
        string folder = Directory.CreateTempSubdirectory("esimcse-demo-").FullName;
        (int code, string output, string error) = Tool.Run("", "demo", "--steps", "12", "--output", folder);
        Assert.True(code == 0, error);
        Assert.Contains("nearest neighbours", output, StringComparison.Ordinal);
        foreach (string condition in new[] { "none", "repetition", "queue", "both" })
            Assert.Contains($"\n{condition,-12} ", output, StringComparison.Ordinal);
        Assert.Contains("The report of the runs", output, StringComparison.Ordinal);
        PageReader report = new(File.ReadAllText(Path.Combine(folder, "report.html")));
        Assert.Equal(4, report.Table("Every run").Length);
        string[] sentences = ["the tall baker paints a boat.", "a boat was painted by the tall baker."];
        (code, output, error) = Tool.Run("", ["similarity", Path.Combine(folder, "both"), .. sentences, "--json"]);
        Assert.True(code == 0, error);
        Assert.StartsWith("[[1", output, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }
}
