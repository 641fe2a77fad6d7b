using System.Diagnostics;
using EsimCse.Core.Files;

namespace EsimCse.Tests.Files;

public sealed class FileIdentityTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("esimcse-identity-").FullName;

    public FileIdentityTests()
    {
        Directory.CreateDirectory(In("sub"));
        File.WriteAllText(In("sub", "a"), "same");
        File.WriteAllText(In("b"), "same");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    string In(params string[] parts) => Path.Combine([_folder, .. parts]);

    [Fact]
    public void Every_spelling_of_a_path_is_the_same_file()
    {
        Assert.True(FileIdentity.AreSame(In("sub", "a"), In("sub", "..", "sub", ".", "a")));
        Assert.True(FileIdentity.AreSame(In("sub"), In("sub") + "/"));
        Assert.True(FileIdentity.AreSame(In("missing"), In("sub", "..", "missing")));
        Assert.True(FileIdentity.AreSame(In("b"), Path.GetRelativePath(Environment.CurrentDirectory, In("b"))));
        Assert.False(FileIdentity.AreSame(In("sub", "a"), In("b")));
        Assert.False(FileIdentity.AreSame(In("missing"), In("b")));
    }

    [Fact]
    public void Links_are_the_file_that_they_lead_to()
    {
        File.CreateSymbolicLink(In("link"), In("b"));
        File.CreateSymbolicLink(In("link of link"), In("link"));
        Directory.CreateSymbolicLink(In("folder"), In("sub"));
        Assert.True(FileIdentity.AreSame(In("link of link"), In("b")));
        Assert.True(FileIdentity.AreSame(In("folder", "a"), In("sub", "a")));
        Assert.False(FileIdentity.AreSame(In("link"), In("folder", "a")));
        Assert.True(FileIdentity.Contains(In("folder"), In("sub", "a")));
        Assert.False(FileIdentity.Contains(In("sub"), In("b")));
    }

    [Fact]
    public void A_hard_link_is_the_same_file()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "identities are known on Linux only");
        using Process link = Process.Start("ln", [In("b"), In("hard")]);
        link.WaitForExit();
        Assert.True(FileIdentity.AreSame(In("b"), In("hard")));
    }

    [Fact]
    public void An_open_file_keeps_its_identity_when_it_is_renamed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "identities are known on Linux only");
        using FileStream file = File.OpenRead(In("b"));
        FileIdentity? before = FileIdentity.FromPath(In("b"));
        Assert.NotNull(before);
        File.Move(In("b"), In("c"));
        Assert.Equal(before, FileIdentity.FromFile(file));
        Assert.Equal(before, FileIdentity.FromPath(In("c")));
        Assert.Null(FileIdentity.FromPath(In("b")));
    }

    [Fact]
    public void A_device_has_no_identity() => Assert.Null(FileIdentity.FromPath("/dev/null"));
}
