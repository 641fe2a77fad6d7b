using EsimCse.Core;
using EsimCse.Formats;
using EsimCse.Formats.Parts;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Formats.Parts;

public sealed class PartFolderTests : IDisposable
{
    const int Parts = 4;

    readonly PartJob _job = new("npy", 3 * Parts - 1, 3);

    public void Dispose() => _job.Dispose();

    PartFolder Open(Shard? shard = null, EmbeddingJob? job = null, bool overwrite = false) =>
        PartFolder.Open(_job.In("a"), job ?? _job.Job, shard ?? Shard.Whole, overwrite);

    static bool[] Missing(PartFolder folder) =>
        [.. Enumerable.Range(0, Parts).Select(chunk => folder.IsMissing(chunk))];

    [Fact]
    public void Only_missing_parts_are_asked_for_again()
    {
        using (PartFolder folder = Open())
        {
            Assert.Equal([true, true, true, true], Missing(folder));
            folder.Write(2, _job.Part(2));
            Assert.Equal([true, true, false, true], Missing(folder));
        }
        using (PartFolder folder = Open())
        {
            Assert.Equal([true, true, false, true], Missing(folder));
            Assert.Equal((1, false), (folder.FinishedBefore, folder.IsComplete));
        }
        _job.Write("a", Shard.Whole);
        using (PartFolder folder = Open()) Assert.True(folder.IsComplete);
        File.Delete(_job.In("a/part-00001.npy"));
        using (PartFolder folder = Open()) Assert.Equal([false, true, false, false], Missing(folder));
        // It is no longer in the manifest either.
        using (PartFolder folder = Open()) Assert.Equal([false, true, false, false], Missing(folder));
        File.WriteAllText(_job.In("a/part-00003.npy"), "cut off");
        using (PartFolder folder = Open()) Assert.Equal([false, true, false, true], Missing(folder));
    }

    [Fact]
    public void A_shard_is_asked_for_its_own_chunks_and_may_share_the_folder()
    {
        using PartFolder one = Open(new Shard(1, 2)), two = Open(new Shard(0, 2));
        Assert.Equal([false, true, false, true], Missing(one));
        Assert.Equal([true, false, true, false], Missing(two));
        foreach (int chunk in new[] { 0, 1, 2, 3 }) (chunk % 2 == 1 ? one : two).Write(chunk, _job.Part(chunk));
        PartManifest manifest = PartManifest.Read(_job.In("a"))!;
        Assert.Equal([0, 1, 2, 3], manifest.Parts.Select(part => (int)part.Chunk));
        Assert.Equal([3, 3, 3, 2], manifest.Parts.Select(part => (int)part.Rows));
    }

    [Fact]
    public void Parts_that_many_processes_write_at_once_are_all_in_the_manifest()
    {
        const int shards = 8;
        using PartJob job = new("npy", 80, 1);
        Parallel.For(0, shards, new() { MaxDegreeOfParallelism = shards }, i => job.Write("a", new Shard(i, shards)));
        Assert.Equal(80, PartManifest.Read(job.In("a"))!.Parts.Count);
        Assert.Equal(81, Directory.GetFiles(job.In("a")).Length);
    }

    [Fact]
    public void A_second_process_with_the_shard_is_refused()
    {
        using (Open(new Shard(0, 2)))
        {
            using PartFolder other = Open(new Shard(1, 2));
            IOException error = Assert.Throws<IOException>(() => Open(new Shard(0, 2)));
            Assert.Equal($"{_job.In("a")}: in use: another run is writing shard 0/2 of this job", error.Message);
        }
        Open(new Shard(0, 2)).Dispose();
        Assert.Equal([_job.In("a/manifest.json")], Directory.GetFiles(_job.In("a")));
    }

    [Fact]
    public void Another_job_is_refused_by_the_option_that_differs_unless_it_is_overwritten()
    {
        _job.Write("a", Shard.Whole);
        EmbeddingJob other = PartJob.Create("npy", 4);
        string message = Assert.Throws<UsageException>(() => Open(job: other)).Message;
        Assert.StartsWith(_job.In("a/manifest.json"), message, StringComparison.Ordinal);
        Assert.Contains("found chunk_rows 3, this run has 4", message, StringComparison.Ordinal);
        Assert.Equal(Parts + 1, Directory.GetFiles(_job.In("a")).Length);
        using PartFolder folder = Open(job: other, overwrite: true);
        Assert.True(folder.IsMissing(0));
        Assert.DoesNotContain(_job.In("a/part-00000.npy"), Directory.GetFiles(_job.In("a")));
    }

    [Fact]
    public void Overwriting_the_same_job_removes_the_parts_of_the_shard()
    {
        _job.Write("a", Shard.Whole);
        using PartFolder folder = Open(new Shard(1, 2), overwrite: true);
        Assert.Equal([false, true, false, true], Missing(folder));
        Assert.Equal([0L, 2L], PartManifest.Read(_job.In("a"))!.Parts.Select(part => part.Chunk));
    }

    [Fact]
    public void Leftovers_of_a_killed_process_are_removed()
    {
        _job.Write("a", Shard.Whole);
        string[] leftovers = ["part-00001.npy.esimcse-tmp", "part-00001.npy.scales.npy.esimcse-tmp"];
        foreach (string name in leftovers) File.WriteAllText(_job.In($"a/{name}"), "half");
        File.WriteAllText(_job.In("a/part-mine.esimcse-tmp"), "not ours");
        Open().Dispose();
        Assert.Equal(Parts + 2, Directory.GetFiles(_job.In("a")).Length);
        Assert.True(File.Exists(_job.In("a/part-mine.esimcse-tmp")));
    }

    [Fact]
    public void Scales_of_int8_are_those_of_a_finished_part()
    {
        using PartJob job = new("npy", 6, 2, OutputType.Int8);
        using PartFolder folder = PartFolder.Open(job.In("a"), job.Job, Shard.Whole, overwrite: false);
        Assert.Null(folder.FindScales());
        VectorRows part = job.Part(1);
        folder.Write(1, part);
        Assert.Equal(part.Scales, folder.FindScales());
    }
}
