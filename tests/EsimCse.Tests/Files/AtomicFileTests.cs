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
    public void A_file_that_another_run_writes_is_refused_and_that_run_goes_on()
    {
        AtomicFile.Write(_path, stream =>
        {
            stream.Write("first"u8);
            IOException error = Assert.Throws<IOException>(() => AtomicFile.Write(_path, _ => Assert.Fail("written")));
            Assert.StartsWith($"{_path}: in use", error.Message, StringComparison.Ordinal);
            AtomicFile.DeleteLeftovers(Path.GetDirectoryName(_path)!);
        });
        Assert.Equal("first", File.ReadAllText(_path));
    }

    [Fact]
    public void The_leftover_of_a_killed_process_is_overwritten()
    {
        File.WriteAllText(_path + AtomicFile.TemporarySuffix, "a long leftover");
        AtomicFile.Write(_path, stream => stream.Write("short"u8));
        Assert.Equal("short", File.ReadAllText(_path));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(_path)!));
    }

    [Fact]
    public void Leftovers_are_deleted_and_other_files_stay()
    {
        string folder = Path.GetDirectoryName(_path)!;
        File.WriteAllText(_path, "other");
        File.WriteAllText(_path + AtomicFile.TemporarySuffix, "leftover");
        AtomicFile.DeleteLeftovers(folder);
        Assert.Equal([_path], Directory.GetFiles(folder));
    }

    [Fact]
    public async Task Of_writers_that_race_each_gets_a_whole_file_or_is_refused()
    {
        const int writers = 8, rounds = 200;
        int refused = 0;
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(() => WriteOften((byte)writer))));
        Assert.InRange(refused, 0, writers * rounds - 1);
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(_path)!));

        void WriteOften(byte writer)
        {
            byte[] content = Enumerable.Repeat(writer, 5000).ToArray();
            for (int round = 0; round < rounds; round++)
                try
                {
                    AtomicFile.Write(_path, stream => stream.Write(content));
                    byte[] read = File.ReadAllBytes(_path);
                    Assert.Equal((5000, 1), (read.Length, read.Distinct().Count()));
                }
                catch (IOException)
                {
                    Interlocked.Increment(ref refused);
                }
        }
    }

    [Fact]
    public void A_size_that_the_file_system_refuses_is_an_IOException()
    {
        Action<Stream> tooLarge = _ => throw new ArgumentOutOfRangeException(null, "the file is too large");
        Assert.Throws<IOException>(() => AtomicFile.Write(_path, tooLarge));
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(_path)!));
    }
}
