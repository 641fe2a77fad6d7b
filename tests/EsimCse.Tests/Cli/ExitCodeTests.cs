using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cli;

public class ExitCodeTests
{
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
    [InlineData(2, "train", "--shuffle", "m", "--data", "x", "--output", "y")]
    [InlineData(2, "embed", "m", "--no-such-option")]
    [InlineData(2, "similarity", "m", "a", "b", "--no-such-option", "1")]
    [InlineData(2, "embed", "m", "x", "--max-length", "")]
    [InlineData(2, "embed", "m", "x", "--device", "cuda: 1")]
    [InlineData(2, "demo", "--steps", "many")]
    [InlineData(2, "embed", "m", "x", "--output", "v.txt")]
    [InlineData(2, "embed", "m", "x", "--threads", "0")]
    [InlineData(2, "eval", "m", "--data", "d", "--sets", "sts11")]
    [InlineData(2, "similarity", "m", "only one")]
    [InlineData(1, "embed", "m", "x", "--device", "cuda:9")]
    [InlineData(3, "embed", "no-such-model", "x")]
    [InlineData(3, "train", "no-such-model", "--data", "x", "--output", "no-such-output")]
    [InlineData(3, "eval", "no-such-model", "--data", "no-such-data")]
    [InlineData(3, "tokenize", "no-such-folder")]
    [InlineData(3, "similarity", "no-such-model", "@home", "--", "-a")]
    [InlineData(0, "--help")]
    [InlineData(0, "doctor")]
    public void Codes_and_one_line_of_error(int code, params string[] arguments)
    {
        (int found, _, string error) = Tool.Run("", arguments);
        Assert.True(code == found, $"found {found}, expected {code}: {error}");
        string[] lines = [.. error.Split('\n').Where(line => line.Length > 0 && !line.StartsWith("device: ", StringComparison.Ordinal))];
        Assert.Equal(code == 0 ? 0 : 1, lines.Length);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_goes_through_embed_and_tokenize_line_for_line()
    {
        using SmallModel small = new();
        SmallModel.Train(small.Job("run"));
        string text = "\uFEFFthe cat\r\n\na\u2028dog\n";
        (int code, string output, string error) = Tool.Run(text, "embed", small.In("run"));
        Assert.True(code == 0, error);
        Assert.Equal(3, output.TrimEnd('\n').Split('\n').Length);
        Assert.Equal("[2,5,7,3]\n[2,3]\n[2,6,8,3]\n", Tool.Run(text, "tokenize", small.Folder).Output);
        Assert.Equal(0, Tool.Run(text, "embed", small.In("run"), "--output", small.In("v.npy")).Code);
        Assert.Equal(128 + 3 * 16 * 4, new FileInfo(small.In("v.npy")).Length);
        Assert.Equal(0, Tool.Run("", "embed", small.In("run"), "--output", small.In("empty.npy")).Code);
        Assert.Contains("(0, 16)", File.ReadAllText(small.In("empty.npy")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_set_that_is_missing_is_named()
    {
        using SmallModel small = new();
        SmallModel.Train(small.Job("run"));
        foreach (string set in new[] { "sts14", "sick", "stsb-dev" })
        {
            File.WriteAllText(small.In("stsb", "sts-dev.csv"), "");
            (int code, _, string error) = Tool.Run("", "eval", small.In("run"), "--data", small.Folder, "--sets", "stsb-test," + set);
            Assert.Equal(3, code);
            Assert.Contains($"set {set} is missing", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_pooling_that_others_do_not_know_is_said_once()
    {
        using SmallModel small = new();
        (int code, _, string error) = Tool.Run("", "train", "--from-scratch", small.In("config.json"), "--vocabulary", small.Folder, "--data", small.In("corpus.txt"), "--output", small.In("run"),
            "--max-steps", "1", "--pooler", "avg_top2");
        Assert.True(code == 0, error);
        Assert.Equal(2, error.Split("avg_top2: sentence-transformers").Length);
    }

    [Fact]
    public void Bad_text_is_named_by_its_line_and_leaves_no_file()
    {
        using SmallModel small = new();
        SmallModel.Train(small.Job("run"));
        File.WriteAllBytes(small.In("bad.txt"), [.. "the cat\n"u8, 0xFF, (byte)'\n']);
        (int code, _, string error) = Tool.Run("", "embed", small.In("run"), small.In("bad.txt"), "--output", small.In("v.npy"));
        Assert.Equal(3, code);
        Assert.Contains("line 2", error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(small.Folder, "v.npy*"));
        foreach (string blank in new[] { "\n \n", "" })
        {
            File.WriteAllText(small.In("blank.txt"), blank);
            Assert.Equal(3, Tool.Run("", "train", small.In("run"), "--data", small.In("blank.txt"), "--output", small.In("never")).Code);
        }
    }

    [Fact]
    public void A_usage_error_names_what_was_found()
    {
        Assert.Contains("nonsense", Tool.Run("", "nonsense").Error, StringComparison.Ordinal);
        Assert.Contains("found 1, expected 2 or more", Tool.Run("", "similarity", "m", "only one").Error, StringComparison.Ordinal);
        Assert.Contains("--dropout: found 0,1, expected", Tool.Run("", "train", "m", "--data", "x", "--output", "y", "--dropout", "0,1").Error, StringComparison.Ordinal);
        Assert.Contains("--no-such-option", Tool.Run("", "embed", "m", "--no-such-option").Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("embed 'MODEL' 'TEXT'")]
    [InlineData("tokenize 'MODEL' 'TEXT'")]
    [InlineData("similarity 'MODEL' 'a cat' 'a dog'")]
    [InlineData("eval 'MODEL' --data 'FOLDER' --sets stsb-dev --json")]
    public void A_full_disk_is_one_line_and_leaves_nothing(string command)
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "no /dev/full here");
        using SmallModel small = new();
        SmallModel.Train(small.Job("run"));
        using System.Diagnostics.Process process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("/bin/sh",
            ["-c", $"exec dotnet '{typeof(EsimCse.Cli.CommandRunner).Assembly.Location}' {command.Replace("MODEL", small.In("run"), StringComparison.Ordinal).Replace("TEXT", small.In("corpus.txt"), StringComparison.Ordinal).Replace("FOLDER", small.Folder, StringComparison.Ordinal)} > /dev/full"])
        { RedirectStandardError = true })!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 1, $"found {process.ExitCode}: {error}");
        Assert.Contains("esimcse: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }
}
