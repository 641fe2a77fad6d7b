using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cli;

public sealed class TokenizeCommandTests : IDisposable
{
    readonly SmallModel _small = new();

    public void Dispose() => _small.Dispose();

    [Theory]
    [InlineData("\uFEFFthe cat\r\n\na\u2028dog\n", "[2,5,7,3]\n[2,3]\n[2,6,8,3]\n")]
    [InlineData("the cats see.", "[2,5,7,12,1,19,3]\n")]
    [InlineData("", "")]
    public void Each_line_gives_the_array_of_its_ids(string text, string expected) =>
        Assert.Equal((0, expected, ""), Tool.Run(text, "tokenize", _small.Folder));

    [Fact]
    public void Sentences_are_truncated_only_on_request()
    {
        string text = string.Concat(Enumerable.Repeat("the ", 60));
        string whole = Tool.Run(text, "tokenize", _small.Folder).Output;
        Assert.Equal(62, whole.Split(',').Length);
        Assert.Equal("[2,5,5,3]\n", Tool.Run(text, "tokenize", _small.Folder, "--max-length", "4").Output);
    }

    [Fact]
    public void A_column_of_a_file_is_read()
    {
        File.WriteAllText(_small.In("a.csv"), "id,sentence\n1,\"the, cat\"\n");
        (int code, string output, _) = Tool.Run("", "tokenize", _small.Folder, _small.In("a.csv"));
        Assert.Equal((0, "[2,5,1,7,3]\n"), (code, output));
        Assert.Equal(3, Tool.Run("", "tokenize", _small.Folder, _small.In("a.csv"), "--column", "text").Code);
    }

    [Fact]
    public void Folders_and_globs_are_read_in_order()
    {
        Directory.CreateDirectory(_small.In("data"));
        File.WriteAllText(_small.In("data", "b.txt"), "the\n");
        File.WriteAllText(_small.In("data", "a.csv"), "text\ncat\n");
        File.WriteAllText(_small.In("data", "notes.md"), "dog\n");
        string folder = _small.In("data");
        (int, string, string) expected = (0, "[2,7,3]\n[2,5,3]\n", "");
        Assert.Equal(expected, Tool.Run("", "tokenize", _small.Folder, folder));
        Assert.Equal(expected, Tool.Run("", "tokenize", _small.Folder, Path.Combine(folder, "?.*")));
        (int code, _, string error) = Tool.Run("", "tokenize", _small.Folder, Path.Combine(folder, "*.tsv"));
        Assert.Equal((3, $"esimcse: {folder}/*.tsv: found no file that matches"), (code, error.Split(',')[0]));
        Assert.Equal(3, Tool.Run("", "tokenize", _small.Folder, "").Code);
    }

    [Fact]
    public void A_full_disk_fails_with_one_line()
    {
        (int code, string error) = Tool.RunOnFullDisk("tokenize", _small.Folder, _small.In("corpus.txt"));
        Assert.True(code == 1, $"found {code}: {error}");
        Assert.Contains("esimcse: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }
}
