using EsimCse.Core;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Native;

public sealed class VectorIndexTests : IDisposable
{
    readonly IndexFiles _files = new();

    [Fact]
    public void A_row_is_nearest_to_itself_and_has_its_text()
    {
        float[][] rows = IndexFiles.Random(1, 30, 8);
        using VectorIndex index = Open(rows, [.. rows.Select((_, row) => $"text {row}")]);
        Assert.Equal((30, 8, true), (index.Count, index.Dimension, index.HasTexts));
        for (int row = 0; row < rows.Length; row++)
        {
            SearchResult best = Assert.Single(index.Search(rows[row].AsSpan(), top: 1));
            Assert.Equal((row, $"text {row}"), (best.Row, best.Text));
            Assert.Equal(1, best.Score, 1e-15);
        }
    }

    [Fact]
    public void A_CUDA_device_finds_what_the_CPU_finds()
    {
        Backends.RequireCuda();
        float[][] rows = IndexFiles.Random(5, 500, 16), queries = IndexFiles.Random(6, 3, 16);
        string folder = Write(rows, texts: null);
        using VectorIndex onCpu = VectorIndex.Open(folder, new DeviceChoice("cpu"));
        using VectorIndex onCuda = VectorIndex.Open(folder, new DeviceChoice("cuda"));
        using VectorIndex onAuto = VectorIndex.Open(folder, new DeviceChoice());
        Assert.Equal(onCpu.Search(queries), onCuda.Search(queries));
        Assert.Equal(onCpu.Search(queries), onAuto.Search(queries));
    }

    [Fact]
    public void A_device_that_cannot_take_the_vectors_is_refused()
    {
        Backends.RequireCuda();
        string folder = Write(IndexFiles.Random(7, 3, 5), texts: null);
        InvalidInputException error = Assert.Throws<InvalidInputException>(
            () => VectorIndex.Open(folder, new DeviceChoice("cuda")).Dispose());
        Assert.Equal("--device cuda: dimension is 5, expected a multiple of 8 on CUDA", error.Message);
        Assert.Throws<ArgumentException>(() => VectorIndex.Open(folder, new DeviceChoice("cuda:0,cuda:1")).Dispose());
    }

    [Fact]
    public async Task Concurrent_searches_find_the_same()
    {
        float[][] rows = IndexFiles.Random(2, 4000, 16), queries = IndexFiles.Random(3, 12, 16);
        using VectorIndex index = Open(rows);
        IReadOnlyList<IReadOnlyList<SearchResult>> expected = index.Search(queries, top: 5);
        Task[] searches = [.. Enumerable.Range(0, 24).Select(i => Task.Run(() =>
            Assert.Equal(expected[i % 12], index.Search(queries[i % 12].AsSpan(), top: 5))))];
        await Task.WhenAll(searches);
    }

    [Fact]
    public void The_similarity_can_be_named()
    {
        using VectorIndex index = Open([[10, 0], [1, 0.1f], [-3, 1]]);
        Assert.Equal(SimilarityFunction.Cosine, index.Similarity);
        Assert.Equal([0, 1, 2], Rows(SimilarityFunction.Cosine));
        Assert.Equal([0, 1, 2], Rows(SimilarityFunction.Dot));
        Assert.Equal([1, 2, 0], Rows(SimilarityFunction.Euclidean));

        IEnumerable<long> Rows(SimilarityFunction function) =>
            index.Search([1f, 0f], similarity: function).Select(result => result.Row);
    }

    [Fact]
    public void Wrong_queries_are_refused()
    {
        using VectorIndex index = Open(IndexFiles.Random(4, 3, 2));
        Assert.Throws<ArgumentException>(() => index.Search([1f, 2f, 3f]));
        Assert.Throws<ArgumentException>(() => index.Search([1f, float.NaN]));
        Assert.Throws<ArgumentOutOfRangeException>(() => index.Search([1f, 2f], top: 0));
        Assert.Throws<ArgumentException>(() => index.Search([1f, 2f], threshold: double.NaN));
        Assert.Empty(index.Search(Array.Empty<float[]>()));
        index.Dispose();
        Assert.Throws<ObjectDisposedException>(() => index.Search([1f, 2f]));
    }

    [Theory]
    [InlineData("index.json", "{}", "kind: found nothing, expected exact or hnsw")]
    [InlineData("index.json", "[]", "expected a JSON object")]
    [InlineData(
        "index.json",
        """{"kind":"exact","rows":3,"dimension":2,"similarity":"x","texts":true}""",
        "similarity: found \"x\", expected cosine, dot, euclidean or manhattan")]
    [InlineData(
        "index.json",
        """{"kind":"exact","rows":-1,"dimension":2,"similarity":"dot","texts":true}""",
        "rows: found -1, expected a whole number of at least 0")]
    [InlineData(
        "index.json",
        """{"kind":"exact","rows":4,"dimension":2,"similarity":"dot","texts":true}""",
        "found 3 rows of 2, expected 4 of 2")]
    [InlineData("vectors.npy", "", "ends within the header")]
    [InlineData("quantized-panels.npy", "", "ends within the header")]
    [InlineData("quantized-rows.npy", "", "ends within the header")]
    [InlineData("text-offsets.npy", "", "found 0 bytes, expected 160")]
    public void A_damaged_index_is_refused(string name, string content, string expected)
    {
        string folder = Write(IndexFiles.Random(5, 3, 2), ["a", "b", "c"]);
        File.WriteAllText(Path.Combine(folder, name), content);
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => VectorIndex.Open(folder).Dispose());
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_texts_are_refused_where_they_are_read()
    {
        string folder = Write([[1, 0], [0, 1]], ["ab", "cd"]);
        using (VectorIndex index = VectorIndex.Open(folder)) Assert.Equal("ab", index.Search([1f, 0f])[0].Text);
        File.WriteAllBytes(Path.Combine(folder, "texts.utf8"), [0xff, 0xff, (byte)'c', (byte)'d']);
        using (VectorIndex index = VectorIndex.Open(folder))
        {
            Assert.Equal("cd", index.Search([0f, 1f], top: 1)[0].Text);
            Assert.Throws<InvalidInputException>(() => index.Search([1f, 0f]));
        }
        File.WriteAllText(Path.Combine(folder, "texts.utf8"), "abc");
        using (VectorIndex index = VectorIndex.Open(folder))
            Assert.Throws<InvalidInputException>(() => index.Search([0f, 1f], top: 1));
    }

    public void Dispose() => _files.Dispose();

    VectorIndex Open(float[][] rows, string[]? texts = null) =>
        VectorIndex.Open(Write(rows, texts), new DeviceChoice("cpu", 2));

    string Write(float[][] rows, string[]? texts = null) =>
        _files.WriteIndex(_files.WriteVectors(rows, rows[0].Length), texts);
}
