using EsimCse.Core;
using EsimCse.Core.Files;
using EsimCse.Search;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Search;

public sealed class IndexFolderTests : IDisposable
{
    static readonly string[] Names =
    [
        "index.json", "quantized-panels.npy", "quantized-rows.npy", "text-offsets.npy", "texts.utf8", "vectors.npy",
    ];

    readonly IndexFiles _files = new();

    [Fact]
    public void The_folder_holds_the_vectors_and_texts()
    {
        string[] texts = ["", "naïve 漢字 \U0001F600", "line\nend \r", "\u2028"];
        float[][] rows = IndexFiles.Random(1, 4, 3);
        string folder = _files.WriteIndex(_files.WriteVectors(rows, 3), texts);
        Assert.Equal(Names, Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(rows, StoredArray.ReadNpy(Path.Combine(folder, "vectors.npy")).Floats());
        Assert.Equal([4 + 1], StoredArray.ReadNpy(Path.Combine(folder, "text-offsets.npy")).Shape);
        using IndexTexts stored = IndexTexts.Open(folder, 4);
        Assert.Equal(texts, Enumerable.Range(0, 4).Select(row => stored.Read(row)));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    public void Another_number_of_texts_is_refused_and_leaves_nothing(int count)
    {
        string vectors = _files.WriteVectors(IndexFiles.Random(2, 4, 3), 3);
        InvalidInputException error = Assert.Throws<InvalidInputException>(
            () => _files.WriteIndex(vectors, [.. Enumerable.Repeat("text", count)]));
        Assert.Contains($"found {count} rows, expected 4", error.Message, StringComparison.Ordinal);
        Assert.Equal([vectors], Directory.GetFileSystemEntries(_files.Folder));
    }

    [Fact]
    public void A_vector_that_is_not_finite_leaves_the_index_that_was_there()
    {
        string folder = _files.WriteIndex(_files.WriteVectors(IndexFiles.Random(3, 2, 2), 2));
        byte[] before = File.ReadAllBytes(Path.Combine(folder, "vectors.npy"));
        string wrong = _files.WriteVectors([[1, 2], [float.NaN, 0]], 2);
        Assert.Throws<InvalidInputException>(() => _files.WriteIndex(wrong));
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(folder, "vectors.npy")));
        Assert.Equal(2, Directory.GetFileSystemEntries(_files.Folder).Length);
    }

    [Fact]
    public void An_index_is_replaced_as_a_whole()
    {
        string folder = _files.WriteIndex(_files.WriteVectors(IndexFiles.Random(4, 2, 2), 2), ["a", "b"]);
        float[][] rows = IndexFiles.Random(5, 3, 4);
        _files.WriteIndex(_files.WriteVectors(rows, 4));
        string[] expected = ["index.json", "quantized-panels.npy", "quantized-rows.npy", "vectors.npy"];
        Assert.Equal(expected, Directory.GetFiles(folder).Select(Path.GetFileName).Order());
        Assert.Equal(rows, StoredArray.ReadNpy(Path.Combine(folder, "vectors.npy")).Floats());
    }

    [Fact]
    public void The_leftovers_of_a_killed_run_are_replaced()
    {
        string leftover = Directory.CreateDirectory(_files.In("index.esimcse-tmp")).FullName;
        File.WriteAllText(Path.Combine(leftover, "vectors.npy"), "half");
        File.WriteAllText(_files.In("index.lock.esimcse-tmp"), "");
        _files.WriteIndex(_files.WriteVectors(IndexFiles.Random(6, 2, 2), 2));
        string[] found = Directory.GetFileSystemEntries(_files.Folder);
        Assert.Equal(["index", "input.npy"], found.Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("notes.txt")]
    [InlineData("vectors.npy")]
    public void A_folder_with_something_else_is_refused(string name)
    {
        Directory.CreateDirectory(_files.In("index"));
        File.WriteAllText(_files.In("index", name), "");
        string vectors = _files.WriteVectors(IndexFiles.Random(7, 2, 2), 2);
        UsageException error = Assert.Throws<UsageException>(() => _files.WriteIndex(vectors));
        Assert.Contains($"found {name}, expected an index", error.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(_files.In("index", name)));
    }

    [Fact]
    public void A_second_run_on_the_same_index_fails()
    {
        string vectors = _files.WriteVectors(IndexFiles.Random(8, 2, 2), 2);
        using FileStream? held = ExclusiveFile.TryOpen(_files.In("index.lock.esimcse-tmp"));
        IOException error = Assert.Throws<IOException>(() => _files.WriteIndex(vectors));
        Assert.Contains("in use", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _files.Dispose();
}
