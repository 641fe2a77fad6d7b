using EsimCse.Core;
using EsimCse.Core.Files;

namespace EsimCse.Tests.Files;

public sealed class InputFileTests : IDisposable
{
    const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0f5c1d\nsize 90868376\n";

    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();

    string In(string name) => Path.Combine(_folder.FullName, name);

    static string Refused(string path)
    {
        string message = Assert.Throws<InvalidInputException>(() => InputFile.Require(path)).Message;
        Assert.Contains(path, message, StringComparison.Ordinal);
        return message;
    }

    [Fact]
    public void A_file_passes_through_links_of_any_length()
    {
        File.WriteAllText(In("a"), "text");
        File.CreateSymbolicLink(In("b"), In("a"));
        File.CreateSymbolicLink(In("c"), "b");
        Assert.All(["a", "b", "c"], name => InputFile.Require(In(name)));
    }

    [Fact]
    public void Missing_files_links_to_nothing_and_folders_are_told_apart()
    {
        File.CreateSymbolicLink(In("link"), "../blobs/0f5c1d");
        File.CreateSymbolicLink(In("chain"), "link");
        const StringComparison ordinal = StringComparison.Ordinal;
        Assert.EndsWith("no such file", Refused(In("nothing")), ordinal);
        Assert.EndsWith("a link to ../blobs/0f5c1d, which does not exist", Refused(In("link")), ordinal);
        Assert.Contains("a link to", Refused(In("chain")), ordinal);
        Assert.EndsWith("found a folder, expected a file", Refused(_folder.FullName), ordinal);
    }

    [Fact]
    public void A_link_exists_where_its_file_does()
    {
        File.WriteAllText(In("a"), "text");
        File.CreateSymbolicLink(In("good"), "a");
        File.CreateSymbolicLink(In("dangling"), "nothing");
        File.CreateSymbolicLink(In("one"), "other");
        File.CreateSymbolicLink(In("other"), "one");
        Assert.All(["a", "good"], name => Assert.True(InputFile.Exists(In(name))));
        Assert.All(["nothing", "dangling", "one", ""], name => Assert.False(InputFile.Exists(In(name))));
    }

    [Fact]
    public void A_pointer_of_git_lfs_is_named_and_a_text_about_it_is_not_one()
    {
        File.WriteAllText(In("pointer"), Pointer);
        File.WriteAllText(In("text"), " " + Pointer);
        File.WriteAllText(In("long"), Pointer + new string('x', 2000));
        Assert.Contains("Git LFS pointer", Refused(In("pointer")), StringComparison.Ordinal);
        File.CreateSymbolicLink(In("link"), In("pointer"));
        Assert.Contains("Git LFS pointer", Refused(In("link")), StringComparison.Ordinal);
        Assert.All(["text", "long"], name => InputFile.Require(In(name)));
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
