using EsimCse.Core.Files;

namespace EsimCse.Tests.Files;

public sealed class ExclusiveFileTests : IDisposable
{
    readonly string _path = Path.Combine(Directory.CreateTempSubdirectory("esimcse-lock-").FullName, "file");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);

    [Fact]
    public void A_file_is_held_until_it_is_closed()
    {
        using (FileStream? first = ExclusiveFile.TryOpen(_path))
        {
            Assert.NotNull(first);
            Assert.Null(ExclusiveFile.TryOpen(_path));
        }
        using FileStream? second = ExclusiveFile.TryOpen(_path);
        Assert.NotNull(second);
    }

    [Fact]
    public void The_content_stays()
    {
        File.WriteAllText(_path, "content");
        ExclusiveFile.TryOpen(_path)!.Dispose();
        Assert.Equal("content", File.ReadAllText(_path));
    }

    [Fact]
    public void A_file_that_cannot_be_created_is_an_error() =>
        Assert.ThrowsAny<IOException>(() => ExclusiveFile.TryOpen(Path.Combine(_path, "missing", "file")));
}
