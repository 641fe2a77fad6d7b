using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cli;

public class ProgramTests
{
    static readonly string[] TrainFolder = ["train", "m", "--data", "x", "--output", "y"];

    [Theory]
    [InlineData(2, "nonsense")]
    [InlineData(2, "train")]
    [InlineData(2, "train", "m", "--data", "x", "--output", "y", "--batch-size", "0")]
    [InlineData(2, "train", "m", "--data", "x", "--output", "y", "--dropout", "1")]
    [InlineData(2, "train", "m", "--data", "x", "--output", "y", "--temperature", "nan")]
    [InlineData(2, "train", "m", "--data", "x", "--output", "y", "--repetition", "twice")]
    [InlineData(2, "train", "m", "--data", "x", "--output", "y", "--precision", "fp16")]
    [InlineData(2, "train", "m", "--data", "x", "--output", "y", "--max-steps", "ten")]
    [InlineData(2, "train", "m", "--data", "x", "--output", "y", "--epochs", "99999999999")]
    [InlineData(2, "train", "m", "--data", "x", "--output", "y", "--learning-rate", "1,5")]
    [InlineData(2, "train", "m", "--data", "x", "--output", "y", "--seed", "-1")]
    [InlineData(2, "train", "m", "--data", "x", "--output", "y", "--epochs", "1", "--epochs", "2")]
    [InlineData(2, "train", "m", "--data", "x", "--output", "")]
    [InlineData(2, "train", "--shuffle", "m", "--data", "x", "--output", "y")]
    [InlineData(2, "embed", "m", "--no-such-option")]
    [InlineData(2, "similarity", "m", "a", "b", "--no-such-option", "1")]
    [InlineData(2, "embed", "m", "x", "--max-length", "")]
    [InlineData(2, "embed", "m", "x", "--device", "cuda: 1")]
    [InlineData(2, "embed", "m", "x", "--device", "cuda:0,cpu")]
    [InlineData(2, "eval", "m", "--data", "x", "--device", "cuda:0,cuda:1")]
    [InlineData(2, "train", "m", "--data", "x", "--output", "y", "--device", "cuda:all")]
    [InlineData(2, "demo", "--steps", "many")]
    [InlineData(2, "embed", "m", "x", "--output", "v.txt")]
    [InlineData(2, "embed", "m", "x", "--output", "")]
    [InlineData(2, "embed", "m", "x", "--threads", "0")]
    [InlineData(2, "eval", "m", "--data", "d", "--sets", "sts11")]
    [InlineData(2, "similarity", "m", "only one")]
    [InlineData(1, "embed", "m", "x", "--device", "cuda:9")]
    [InlineData(3, "embed", "no-such-model", "x")]
    [InlineData(3, "embed", "./no-such-model", "x")]
    [InlineData(3, "train", "./no-such-model", "--data", "x", "--output", "no-such-output")]
    [InlineData(3, "eval", "./no-such-model", "--data", "no-such-data")]
    [InlineData(3, "tokenize", "./no-such-folder")]
    [InlineData(3, "similarity", "./no-such-model", "@home", "--", "-a")]
    [InlineData(0, "--help")]
    [InlineData(0, "doctor")]
    public void A_command_line_gives_its_exit_code_and_at_most_one_line_of_error(int code, params string[] arguments)
    {
        (int found, _, string error) = Tool.Run("", arguments);
        Assert.True(code == found, $"found {found}, expected {code}: {error}");
        IEnumerable<string> lines = error.Split('\n').Where(line => line.Length > 0);
        Assert.Equal(code == 0 ? 0 : 1, lines.Count(line => !line.StartsWith("device: ", StringComparison.Ordinal)));
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_usage_error_names_the_value_that_was_found()
    {
        AssertError("nonsense", "nonsense");
        AssertError("found 1, expected 2 or more", "similarity", "m", "only one");
        AssertError("--dropout: found 0,1, expected", [.. TrainFolder, "--dropout", "0,1"]);
        AssertError("--no-such-option", "embed", "m", "--no-such-option");
    }

    static void AssertError(string expected, params string[] arguments) =>
        Assert.Contains(expected, Tool.Run("", arguments).Error, StringComparison.Ordinal);

    [Fact]
    public void An_unknown_gemm_variant_is_a_usage_error()
    {
        (int code, _, string error) = Tool.Start([new("ESIMCSE_GEMM", "fast")], "doctor");
        Assert.Equal(2, code);
        Assert.Contains("ESIMCSE_GEMM: found 'fast'", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Help_on_a_full_disk_fails_with_one_line()
    {
        (int code, string error) = Tool.RunOnFullDisk("--help");
        Assert.True(code == 1, $"found {code}: {error}");
        Assert.Contains("esimcse: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }
}
