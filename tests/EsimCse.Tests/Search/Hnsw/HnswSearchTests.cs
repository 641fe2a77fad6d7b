using EsimCse.Core;
using EsimCse.Search;
using EsimCse.Search.Hnsw;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Search.Hnsw;

public sealed class HnswSearchTests : IDisposable
{
    readonly IndexFiles _files = new();

    [Theory]
    [InlineData(0, 5)]
    [InlineData(1, 1)]
    [InlineData(2, 3)]
    [InlineData(9, 17)]
    [InlineData(10, 17)]
    [InlineData(11, 1)]
    [InlineData(256, 31)]
    public void Few_rows_are_searched_exactly(int rows, int dimension)
    {
        foreach (SimilarityFunction function in Enum.GetValues<SimilarityFunction>())
            CheckExact(function, IndexFiles.Random(1, rows, dimension), IndexFiles.Random(2, 3, dimension), top: 10);
    }

    [Fact]
    public void Nearly_all_of_the_nearest_rows_are_found_with_exact_scores()
    {
        float[][] rows = Normalized(IndexFiles.Random(3, 5001, 33)), queries = IndexFiles.Random(4, 200, 33);
        foreach (SimilarityFunction function in Enum.GetValues<SimilarityFunction>())
            Assert.InRange(Recall(function, rows, queries, top: 10), 0.98, 1);
    }

    [Theory]
    [InlineData(SimilarityFunction.Dot)]
    [InlineData(SimilarityFunction.Euclidean)]
    [InlineData(SimilarityFunction.Manhattan)]
    public void Other_similarities_of_vectors_of_other_norms_are_searched_exactly(SimilarityFunction function)
    {
        float[][] rows = IndexFiles.Random(5, 2000, 9);
        for (int row = 0; row < rows.Length; row++)
            rows[row] = Array.ConvertAll(rows[row], element => element * (1 + row % 7));
        CheckExact(function, rows, IndexFiles.Random(6, 20, 9), top: 10);
    }

    [Fact]
    public void One_vector_of_another_norm_makes_the_dot_product_exact()
    {
        float[][] rows = Normalized(IndexFiles.Random(7, 2000, 9));
        rows[1234] = Array.ConvertAll(rows[1234], element => element * 100);
        CheckExact(SimilarityFunction.Dot, rows, IndexFiles.Random(8, 20, 9), top: 10);
    }

    [Fact]
    public void As_many_rows_as_there_are_is_exact()
    {
        float[][] rows = IndexFiles.Random(9, 600, 5), queries = IndexFiles.Random(10, 3, 5);
        CheckExact(SimilarityFunction.Cosine, rows, queries, top: 600);
        CheckExact(SimilarityFunction.Cosine, rows, queries, top: int.MaxValue);
    }

    [Fact]
    public void A_query_of_zeros_finds_the_lowest_rows()
    {
        CheckExact(SimilarityFunction.Cosine, IndexFiles.Random(11, 2000, 5), [new float[5]], top: 7);
    }

    [Fact]
    public void Rows_of_zeros_and_of_extreme_norms_are_found()
    {
        float[][] rows = IndexFiles.Random(12, 3000, 16);
        float[] scales = [1e-38f, 1e-19f, 1, 1e18f, 1e37f];
        for (int row = 0; row < rows.Length; row++)
        {
            float scale = row % 10 == 9 ? 0 : scales[row % scales.Length];
            rows[row] = Array.ConvertAll(rows[row], element => Math.Clamp(element, -3, 3) * scale);
        }
        Assert.InRange(Recall(SimilarityFunction.Cosine, rows, IndexFiles.Random(13, 100, 16), top: 10), 0.98, 1);
    }

    [Fact]
    public void A_tenth_of_equal_vectors_does_not_hide_others()
    {
        float[][] rows = IndexFiles.Random(14, 6000, 16);
        for (int row = 0; row < rows.Length; row += 10) rows[row] = rows[0];
        float[][] queries = IndexFiles.Random(15, 200, 16);
        // One thread adds them: the recall of equal ones depends on which are added at the same time.
        Assert.InRange(Recall(SimilarityFunction.Cosine, rows, queries, top: 10, threads: 1), 0.98, 1);
        Assert.InRange(Recall(SimilarityFunction.Cosine, rows, [rows[0]], top: 50, threads: 1), 1, 1);
    }

    [Fact]
    public void Equal_vectors_that_are_found_are_ranked_by_their_rows()
    {
        float[][] few = IndexFiles.Random(16, 3, 7);
        using VectorIndex index = Open([.. Enumerable.Range(0, 3000).Select(row => few[row % 3])], threads: 1);
        IReadOnlyList<SearchResult> found = index.Search(few[1].AsSpan(), top: 20);
        Assert.Equal(20, found.Count);
        Assert.All(found, result => Assert.Equal((1, 1.0), (result.Row % 3, Math.Round(result.Score, 14))));
        Assert.Equal(found.Select(result => result.Row).Distinct().Order(), found.Select(result => result.Row));
    }

    [Fact]
    public void A_threshold_leaves_out_lower_scores()
    {
        float[][] rows = IndexFiles.Random(17, 3000, 16);
        float[] query = IndexFiles.Random(18, 1, 16)[0];
        using VectorIndex index = Open(rows);
        IReadOnlyList<SearchResult> all = index.Search(query.AsSpan(), top: 30);
        IReadOnlyList<SearchResult> best = index.Search(query.AsSpan(), top: 30, threshold: all[11].Score);
        Assert.Equal(all.Take(12), best);
    }

    [Fact]
    public async Task Concurrent_searches_find_the_same_with_their_texts()
    {
        float[][] rows = IndexFiles.Random(19, 3000, 16), queries = IndexFiles.Random(20, 12, 16);
        using VectorIndex index = Open(rows, [.. rows.Select((_, row) => $"naïve 漢字 \U0001F600 {row}")]);
        Assert.False(index.IsExact);
        IReadOnlyList<IReadOnlyList<SearchResult>> expected = index.Search(queries, top: 5);
        Assert.All(expected[0], result => Assert.Equal($"naïve 漢字 \U0001F600 {result.Row}", result.Text));
        Task[] searches = [.. Enumerable.Range(0, 24).Select(i => Task.Run(() =>
            Assert.Equal(expected[i % 12], index.Search(queries[i % 12].AsSpan(), top: 5))))];
        await Task.WhenAll(searches);
        index.Dispose();
        Assert.Throws<ObjectDisposedException>(() => index.Search(queries));
    }

    [Fact]
    public void The_recall_that_is_measured_is_that_of_the_search()
    {
        float[][] rows = IndexFiles.Random(21, 8000, 64);
        _files.WriteHnswIndex(_files.WriteVectors(rows, 64), null, out Recall? measured);
        Assert.Equal(800, measured!.Queries);
        double found = Recall(SimilarityFunction.Cosine, rows, IndexFiles.Random(22, 800, 64), top: 10);
        Assert.InRange(measured.Value, found - 0.02, found + 0.02);
        _files.WriteHnswIndex(_files.WriteVectors([.. rows.Take(9)], 64), null, out measured);
        Assert.Null(measured);
    }

    public void Dispose() => _files.Dispose();

    VectorIndex Open(float[][] rows, string[]? texts = null, int threads = 2)
    {
        string vectors = _files.WriteVectors(rows, rows[0].Length);
        return VectorIndex.Open(_files.WriteHnswIndex(vectors, texts, threads), new DeviceChoice("cpu", 2));
    }

    void CheckExact(SimilarityFunction function, float[][] rows, float[][] queries, int top)
    {
        string vectors = _files.WriteVectors(rows, queries[0].Length);
        using VectorIndex exact = VectorIndex.Open(_files.WriteIndex(vectors), new DeviceChoice("cpu", 2));
        using VectorIndex index = VectorIndex.Open(_files.WriteHnswIndex(vectors), new DeviceChoice("cpu", 2));
        Assert.Equal(
            exact.Search(queries, top, similarity: function), index.Search(queries, top, similarity: function));
    }

    /// <summary>Returns the share of the nearest rows that are found, and checks the scores of all.</summary>
    double Recall(SimilarityFunction function, float[][] rows, float[][] queries, int top, int threads = 2)
    {
        using VectorIndex index = Open(rows, threads: threads);
        int found = 0;
        foreach (float[] query in queries)
        {
            double[] scores = [.. rows.Select(row => Similarity.Compute(function, query, row)).OrderDescending()];
            IReadOnlyList<SearchResult> results = index.Search(query.AsSpan(), top, similarity: function);
            Assert.Equal(top, results.Select(result => result.Row).Distinct().Count());
            foreach (SearchResult result in results)
                Assert.Equal(Similarity.Compute(function, query, rows[(int)result.Row]), result.Score);
            found += results.Count(result => result.Score >= scores[top - 1]);
        }
        return (double)found / (queries.Length * top);
    }

    static float[][] Normalized(float[][] rows)
    {
        foreach (float[] row in rows) VectorNorm.Normalize(row);
        return rows;
    }
}
