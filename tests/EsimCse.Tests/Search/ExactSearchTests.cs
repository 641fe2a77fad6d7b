using EsimCse.Core;
using EsimCse.Cpu;
using EsimCse.Search;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Search;

public sealed class ExactSearchTests : IDisposable
{
    readonly IndexFiles _files = new();

    public static TheoryData<SimilarityFunction> Functions => [.. Enum.GetValues<SimilarityFunction>()];

    [Theory]
    [MemberData(nameof(Functions))]
    public void Rows_and_scores_are_those_of_all_pairs_in_double(SimilarityFunction function)
    {
        foreach ((int rows, int dimension, int queries, int top) in Cases())
            Check(function, IndexFiles.Random(1, rows, dimension), IndexFiles.Random(2, queries, dimension), top);
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void Equal_vectors_are_ranked_by_their_rows(SimilarityFunction function)
    {
        float[][] few = IndexFiles.Random(3, 3, 7);
        float[][] vectors = [.. Enumerable.Range(0, 5000).Select(row => few[row % 3])];
        Check(function, vectors, [few[1], .. IndexFiles.Random(4, 2, 7)], top: 20);
        Check(function, [.. vectors.Take(40)], few, top: 100);
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void Vectors_that_differ_in_the_last_bit_are_ranked_in_double(SimilarityFunction function)
    {
        float[] vector = IndexFiles.Random(5, 1, 64)[0];
        Random random = new(6);
        float[][] near = [.. Enumerable.Range(0, 3000).Select(_ => (float[])vector.Clone())];
        foreach (float[] row in near)
        {
            int place = random.Next(row.Length);
            row[place] = random.Next(2) == 0 ? MathF.BitIncrement(row[place]) : MathF.BitDecrement(row[place]);
        }
        Check(function, near, [vector, near[17]], top: 25);
        Check(function, near, [.. near.Take(20)], top: 25);
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void Zeros_and_the_largest_and_smallest_floats_are_ranked_in_double(SimilarityFunction function)
    {
        float[] scales = [0, float.Epsilon, 1e-38f, 1e-19f, 1, 1e17f, 1e19f, 1e38f, -1, -1e38f];
        float[][] Scaled(int seed) =>
        [
            .. from vector in IndexFiles.Random(seed, 12, 9)
               from scale in scales
               select Array.ConvertAll(vector, element => Math.Clamp(element, -3, 3) * scale),
        ];
        Check(function, Scaled(7), Scaled(8), top: 15);
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void A_threshold_keeps_the_scores_that_reach_it(SimilarityFunction function)
    {
        float[][] vectors = IndexFiles.Random(9, 500, 16);
        float[] query = IndexFiles.Random(10, 1, 16)[0];
        ScoredRow[] all = BruteForce.Search(function, vectors, query, 500, double.NegativeInfinity);
        foreach (int last in new[] { 0, 7, 250, 499 })
        {
            ScoredRow[] found = Search(function, vectors, [query], 1000, all[last].Score)[0];
            Assert.Equal(all[..(last + 1)], found);
        }
        Assert.Empty(Search(function, vectors, [query], 10, Math.BitIncrement(all[0].Score))[0]);
    }

    [Fact]
    public void The_number_of_threads_does_not_matter()
    {
        float[][] vectors = IndexFiles.Random(11, 9000, 24), queries = IndexFiles.Random(12, 70, 24);
        ScoredRow[][] expected = Search(SimilarityFunction.Cosine, vectors, queries, 12, threads: 1);
        Assert.Equal(expected, Search(SimilarityFunction.Cosine, vectors, queries, 12, threads: 5));
    }

    [Fact]
    public void A_cancelled_search_ends()
    {
        string path = _files.WriteVectors(IndexFiles.Random(13, 10, 4), 4);
        using MappedVectors file = MappedVectors.Open(path);
        using CpuBackend backend = new(3);
        using QuantizedVectors quantized = _files.Quantize(file);
        ExactSearch search = new(backend, file, quantized);
        Assert.ThrowsAny<OperationCanceledException>(
            () => search.Search(SimilarityFunction.Dot, new float[4], 1, double.NegativeInfinity, new(true)));
    }

    public void Dispose() => _files.Dispose();

    static IEnumerable<(int Rows, int Dimension, int Queries, int Top)> Cases() =>
    [
        (0, 5, 3, 4), (1, 1, 1, 1), (7, 1, 2, 3), (5, 3, 0, 2), (33, 17, 5, 100),
        // The mapped file ends with a page of memory.
        (32, 31, 3, 5),
        // Several blocks, and queries of two products.
        (2049, 64, 65, 10), (4500, 33, 129, 1),
    ];

    void Check(SimilarityFunction function, float[][] vectors, float[][] queries, int top)
    {
        ScoredRow[][] found = Search(function, vectors, queries, top);
        Assert.Equal(queries.Length, found.Length);
        for (int i = 0; i < queries.Length; i++)
            Assert.Equal(BruteForce.Search(function, vectors, queries[i], top, double.NegativeInfinity), found[i]);
    }

    ScoredRow[][] Search(
        SimilarityFunction function,
        float[][] vectors,
        float[][] queries,
        int top,
        double threshold = double.NegativeInfinity,
        int threads = 2)
    {
        int dimension = vectors.Concat(queries).First().Length;
        using MappedVectors file = MappedVectors.Open(_files.WriteVectors(vectors, dimension));
        using CpuBackend backend = new(threads);
        float[] all = [.. queries.SelectMany(query => query)];
        using QuantizedVectors quantized = _files.Quantize(file);
        return new ExactSearch(backend, file, quantized).Search(function, all, top, threshold, CancellationToken.None);
    }
}
