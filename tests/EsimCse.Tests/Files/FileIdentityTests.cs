using EsimCse.Core.Files;

namespace EsimCse.Tests.Files;

public sealed class FileIdentityTests : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("esimcse-identity-");

    public void Dispose() => _folder.Delete(recursive: true);

    string In(params string[] parts) => Path.Combine([_folder.FullName, .. parts]);

    [Fact]
    public void Links_and_other_spellings_name_the_same_file()
    {
        File.WriteAllText(In("a"), "text");
        File.WriteAllText(In("b"), "text");
        File.CreateSymbolicLink(In("link"), "a");
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, In("a"));
        string[] names = [In("a"), In("link"), In(".", "a"), relative];
        Assert.All(names, path => Assert.True(FileIdentity.AreSame(In("a"), path)));
        Assert.False(FileIdentity.AreSame(In("a"), In("b")));
        Assert.False(FileIdentity.AreSame(In("a"), In("missing")));
        Assert.True(FileIdentity.AreSame(In("missing"), In(".", "missing")));
    }

    [Fact]
    public void A_folder_contains_files_that_are_reached_through_links()
    {
        Directory.CreateDirectory(In("model", "part"));
        Directory.CreateDirectory(In("model2"));
        Directory.CreateSymbolicLink(In("link"), "model");
        Assert.True(FileIdentity.Contains(In("model"), In("model", "part", "new.npy")));
        Assert.True(FileIdentity.Contains(In("model"), In("link", "new.npy")));
        Assert.True(FileIdentity.Contains(In("link"), In("model", "new.npy")));
        Assert.False(FileIdentity.Contains(In("model"), In("model2", "new.npy")));
        Assert.False(FileIdentity.Contains(In("model"), In("new.npy")));
    }
}
