using EsimCse.Core.Files;

namespace EsimCse.Tests.Files;

public sealed class AtomicFileTests : IDisposable
{
    readonly string _path = Path.Combine(Directory.CreateTempSubdirectory("esimcse-atomic-").FullName, "file");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);

    [Fact]
    public void A_file_replaces_an_earlier_one_when_it_is_complete()
    {
        File.WriteAllText(_path, "earlier");
        AtomicFile.Write(_path, stream =>
        {
            stream.Write("later"u8);
            Assert.Equal("earlier", File.ReadAllText(_path));
        });
        Assert.Equal("later", File.ReadAllText(_path));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(_path)!));
    }

    [Fact]
    public void A_failure_leaves_the_earlier_file_and_no_temporary()
    {
        File.WriteAllText(_path, "earlier");
        Assert.Throws<InvalidOperationException>(
            () => AtomicFile.Write(_path, _ => throw new InvalidOperationException("failed")));
        Assert.Equal("earlier", File.ReadAllText(_path));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(_path)!));
    }

    [Fact]
    public void A_size_that_the_file_system_refuses_is_an_IOException()
    {
        Action<Stream> tooLarge = _ => throw new ArgumentOutOfRangeException(null, "the file is too large");
        Assert.Throws<IOException>(() => AtomicFile.Write(_path, tooLarge));
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(_path)!));
    }
}
