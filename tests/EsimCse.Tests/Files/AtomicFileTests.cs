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
    public void A_second_writer_is_told_and_the_first_one_completes()
    {
        AtomicFile.Write(_path, stream =>
        {
            stream.Write("first"u8);
            string message = Assert.Throws<IOException>(() => AtomicFile.Write(_path, Ignore)).Message;
            Assert.Contains($"{_path}: in use", message, StringComparison.Ordinal);
        });
        Assert.Equal("first", File.ReadAllText(_path));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(_path)!));

        static void Ignore(Stream stream) => stream.Write("second"u8);
    }

    [Fact]
    public void The_leftover_of_a_killed_process_is_taken_over_or_deleted()
    {
        File.WriteAllText(_path + AtomicFile.TemporarySuffix, "longer than the new content");
        AtomicFile.Write(_path, stream => stream.Write("new"u8));
        Assert.Equal("new", File.ReadAllText(_path));
        File.WriteAllText(_path + AtomicFile.TemporarySuffix, "left");
        AtomicFile.Write(Path.ChangeExtension(_path, "other"), stream =>
        {
            AtomicFile.DeleteLeftovers(Path.GetDirectoryName(_path)!);
            stream.Write("kept"u8);
        });
        Assert.Equal("kept", File.ReadAllText(Path.ChangeExtension(_path, "other")));
        Assert.Equal(2, Directory.GetFiles(Path.GetDirectoryName(_path)!).Length);
    }

    [Fact]
    public void Of_many_writers_each_wins_as_a_whole_or_is_told()
    {
        int written = 0;
        Parallel.For(0, 200, i =>
        {
            try
            {
                AtomicFile.Write(_path, stream => stream.Write(Enumerable.Repeat((byte)i, 100_000).ToArray()));
                Interlocked.Increment(ref written);
            }
            catch (IOException error)
            {
                Assert.Contains("in use", error.Message, StringComparison.Ordinal);
            }
        });
        Assert.InRange(written, 1, 200);
        byte[] content = File.ReadAllBytes(_path);
        Assert.Equal(100_000, content.Length);
        Assert.Single(content.Distinct());
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
