using EsimCse.Core;
using EsimCse.Formats.Parts;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Formats.Parts;

public sealed class PartManifestTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("esimcse-manifest-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    string Manifest => Path.Combine(_folder, PartManifest.Name);

    static PartManifest Create() =>
        new(PartJob.Create("npy", 100), 250, [new(0, 100, 428, "aa"), new(2, 50, 228, "cc")]);

    [Fact]
    public void A_manifest_is_read_as_it_was_written()
    {
        Assert.Null(PartManifest.Read(_folder));
        foreach (PartManifest written in new[] { Create(), Create() with { Rows = null, Parts = [] } })
        {
            written.Write(_folder);
            PartManifest read = PartManifest.Read(_folder)!;
            Assert.Null(written.Job.FindDifference(read.Job));
            Assert.Equal(written.Rows, read.Rows);
            Assert.Equal(written.Parts, read.Parts);
        }
    }

    [Fact]
    public void Parts_stay_in_order_and_one_replaces_its_predecessor()
    {
        PartManifest manifest = Create().With(new(1, 100, 428, "bb")).With(new(2, 50, 228, "dd"));
        Assert.Equal(["aa", "bb", "dd"], manifest.Parts.Select(part => part.Hash));
        Assert.Equal(3, manifest.Count);
        Assert.Null((manifest with { Rows = null }).Count);
        Assert.Equal(0, (manifest with { Rows = 0 }).Count);
    }

    [Theory]
    [InlineData("", "not valid JSON")]
    [InlineData("[]", "expected a JSON object")]
    [InlineData("{}", "expected a manifest of embed")]
    [InlineData("cut", "not valid JSON")]
    [InlineData("part-00002.npy>../../x.npy", "expected a manifest of embed")]
    [InlineData("\"rows\": 250>\"rows\": \"250\"", "expected a manifest of embed")]
    [InlineData("\"chunk_rows\": 100>\"chunk_rows\": 0", "expected a manifest of embed")]
    [InlineData("\"format\": \"npy\">\"format\": \"exe\"", "expected a manifest of embed")]
    [InlineData("\"output_type\": \"fp32\">\"output_type\": \"fp8\"", "expected a manifest of embed")]
    [InlineData("part-00002.npy>part-00000.npy", "expected a manifest of embed")]
    [InlineData("part-00002.npy>part-99999999999999999999.npy", "expected a manifest of embed")]
    [InlineData("\"dimensions\": 5>\"dimensions\": 5000000000", "expected a manifest of embed")]
    [InlineData("\"options\">\"options\": [], \"others\"", "expected a manifest of embed")]
    [InlineData("\"inputs\">\"inputs\": [null], \"others\"", "expected a manifest of embed")]
    [InlineData("\"parts\">\"parts\": [7], \"others\"", "expected a manifest of embed")]
    public void Another_content_is_named(string change, string message)
    {
        Create().Write(_folder);
        string text = File.ReadAllText(Manifest);
        string[] replacement = change.Split('>');
        string changed = change;
        if (replacement.Length == 2) changed = text.Replace(replacement[0], replacement[1], StringComparison.Ordinal);
        if (change == "cut") changed = text[..(text.Length / 2)];
        Assert.NotEqual(text, changed);
        File.WriteAllText(Manifest, changed);
        string error = Assert.Throws<InvalidInputException>(() => PartManifest.Read(_folder)).Message;
        Assert.StartsWith(Manifest, error, StringComparison.Ordinal);
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_difference_names_the_option_or_the_input()
    {
        EmbeddingJob job = PartJob.Create("npy", 100);
        Assert.Null(job.FindDifference(PartJob.Create("npy", 100)));
        Assert.Equal(("format", "\"npy\"", "\"csv\""), job.FindDifference(PartJob.Create("csv", 100)));
        Assert.Equal(("model", "model", "other"), job.FindDifference(job with { Model = "other" }));
        Assert.Equal(("tokenizer", "tokenizer", "other"), job.FindDifference(job with { Tokenizer = "other" }));
        EmbeddingJob longer = job with { Inputs = [new("a.txt", 13), job.Inputs[1]] };
        Assert.Equal(("inputs", "a.txt of 12 bytes", "a.txt of 13 bytes"), job.FindDifference(longer));
        Assert.Equal(("inputs", "2 inputs", "1 inputs"), job.FindDifference(job with { Inputs = [job.Inputs[0]] }));
    }
}
