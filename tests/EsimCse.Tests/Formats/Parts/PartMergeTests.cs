using EsimCse.Core;
using EsimCse.Formats;
using EsimCse.Formats.Parts;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Formats.Parts;

public class PartMergeTests
{
    public static TheoryData<string, string, int, int> Cases
    {
        get
        {
            TheoryData<string, string, int, int> cases = [];
            foreach (VectorFormat format in VectorFormat.All)
                foreach (OutputType type in format.Types)
                    foreach ((int rows, int chunkRows) in new[] { (0, 3), (1, 1), (10, 3), (12, 4), (5, 100) })
                        cases.Add(format.Name, type.Name(), rows, chunkRows);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Merged_shards_are_the_file_of_one_process(string format, string type, int rows, int chunkRows)
    {
        using PartJob job = new(format, rows, chunkRows, OutputTypes.FromName(type)!.Value);
        string whole = job.WriteWhole();
        for (int shard = 0; shard < 3; shard++)
        {
            job.Write($"shard-{shard}", new Shard(shard, 3));
            job.Write("together", new Shard(shard, 3));
        }
        foreach (string[] folders in new[] { new[] { "shard-2", "shard-0", "shard-1" }, ["together"] })
        {
            string merged = job.In($"merged.{format}");
            PartMerge merge = PartMerge.Open([.. folders.Select(job.In)]);
            merge.Write(merged);
            Assert.Equal(File.ReadAllBytes(whole), File.ReadAllBytes(merged));
            Assert.Equal(rows, merge.Rows);
            if (type == "int8" && rows > 0)
                Assert.Equal(
                    File.ReadAllBytes(VectorFile.ScalesPath(whole)), File.ReadAllBytes(VectorFile.ScalesPath(merged)));
        }
    }

    [Fact]
    public void Missing_parts_are_named()
    {
        using PartJob job = new("npy", 10, 2);
        job.Write("a", new Shard(0, 2));
        Assert.Equal(
            $"{job.In("a")}: 2 of 5 parts are missing: part-00001.npy, part-00003.npy",
            Assert.Throws<InvalidInputException>(() => PartMerge.Open([job.In("a")])).Message);
    }

    [Fact]
    public void A_job_that_did_not_read_its_inputs_to_their_end_is_not_complete()
    {
        using PartJob job = new("npy", 2, 1);
        using (PartFolder folder = PartFolder.Open(job.In("a"), job.Job, Shard.Whole, overwrite: false))
        {
            folder.Write(0, job.Part(0));
            folder.Write(1, job.Part(1));
        }
        string message = Assert.Throws<InvalidInputException>(() => PartMerge.Open([job.In("a")])).Message;
        Assert.Contains("to their end", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_parts_or_of_another_job_is_named()
    {
        using PartJob job = new("npy", 4, 2), other = new("npy", 4, 3);
        job.Write("a", Shard.Whole);
        Directory.CreateDirectory(job.In("empty"));
        string message =
            Assert.Throws<InvalidInputException>(() => PartMerge.Open([job.In("a"), job.In("empty")])).Message;
        Assert.Equal($"{job.In("empty")}: found no manifest.json, expected a folder of parts", message);
        other.Write("b", Shard.Whole);
        message = Assert.Throws<InvalidInputException>(() => PartMerge.Open([job.In("a"), other.In("b")])).Message;
        Assert.StartsWith($"{other.In("b")}: found chunk_rows 3, expected 2 as in", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_part_that_changed_or_vanished_is_named()
    {
        using PartJob job = new("npy", 4, 2);
        job.Write("a", Shard.Whole);
        string part = job.In("a/part-00001.npy");
        byte[] bytes = File.ReadAllBytes(part);
        bytes[^1] ^= 1;
        File.WriteAllBytes(part, bytes);
        string message = Assert.Throws<InvalidInputException>(() => PartMerge.Open([job.In("a")])).Message;
        Assert.StartsWith($"{part}: found SHA-256 ", message, StringComparison.Ordinal);
        File.Delete(part);
        message = Assert.Throws<InvalidInputException>(() => PartMerge.Open([job.In("a")])).Message;
        Assert.Equal($"{part}: no such file", message);
    }

    [Fact]
    public void One_part_in_two_folders_must_be_the_same()
    {
        using PartJob job = new("npy", 4, 2), other = new("npy", 8, 2);
        job.Write("a", Shard.Whole);
        other.Write("b", Shard.Whole);
        Assert.Equal(2, PartMerge.Open([job.In("a"), job.In("a")]).Count);
        string message =
            Assert.Throws<InvalidInputException>(() => PartMerge.Open([job.In("a"), other.In("b")])).Message;
        Assert.Contains("part-00000.npy: found other content", message, StringComparison.Ordinal);
    }
}
