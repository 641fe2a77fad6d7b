using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Cpu;
using EsimCse.Search;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Search;

public sealed class DeviceSearchTests : IDisposable
{
    readonly IndexFiles _files = new();

    public static TheoryData<string, SimilarityFunction> Cases => new(
        from device in new[] { "cpu-3", Backends.Cuda }
        from function in Enum.GetValues<SimilarityFunction>()
        select (device, function));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Rows_and_scores_are_those_of_all_pairs_in_double(string device, SimilarityFunction function)
    {
        foreach ((int rows, int dimension, int count, int top) in Sizes())
        {
            float[][] vectors = IndexFiles.Random(1, rows, dimension), queries = IndexFiles.Random(2, count, dimension);
            Check(device, function, vectors, queries, top);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Random_vectors_leave_no_row_in_doubt(string device, SimilarityFunction function)
    {
        float[][] vectors = IndexFiles.Random(3, 700, 32), queries = IndexFiles.Random(4, 9, 32);
        Assert.Equal(0, Check(device, function, vectors, queries, top: 5));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void More_equal_vectors_than_the_device_names_are_ranked_by_their_rows(
        string device, SimilarityFunction function)
    {
        float[][] few = IndexFiles.Random(5, 3, 8);
        float[][] vectors = [.. Enumerable.Range(0, 400).Select(row => few[row % 3])];
        long inDoubt = Check(device, function, vectors, [few[1], .. IndexFiles.Random(6, 2, 8)], top: 20);
        Assert.Equal(function == SimilarityFunction.Manhattan ? 0 : 3, inDoubt);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Vectors_that_differ_in_the_last_bit_are_ranked_in_double(string device, SimilarityFunction function)
    {
        float[] vector = IndexFiles.Random(7, 1, 64)[0];
        Random random = new(8);
        float[][] near = [.. Enumerable.Range(0, 300).Select(_ => (float[])vector.Clone())];
        foreach (float[] row in near)
        {
            int place = random.Next(row.Length);
            row[place] = random.Next(2) == 0 ? MathF.BitIncrement(row[place]) : MathF.BitDecrement(row[place]);
        }
        // Fewer than the device names, and many more.
        Check(device, function, [.. IndexFiles.Random(9, 200, 64), .. near.Take(30)], [vector, near[3]], top: 25);
        Check(device, function, [.. IndexFiles.Random(9, 200, 64), .. near], [vector, near[17]], top: 25);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Zeros_and_the_largest_and_smallest_floats_are_ranked_in_double(
        string device, SimilarityFunction function)
    {
        float[] scales = [0, float.Epsilon, 1e-38f, 1e-19f, 1, 1e17f, 1e19f, 1e38f, -1, -1e38f];
        float[][] Scaled(int seed) =>
        [
            .. from vector in IndexFiles.Random(seed, 12, 16)
               from scale in scales
               select Array.ConvertAll(vector, element => Math.Clamp(element, -3, 3) * scale),
        ];
        Check(device, function, Scaled(10), Scaled(11), top: 15);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_threshold_keeps_the_scores_that_reach_it(string device, SimilarityFunction function)
    {
        float[][] vectors = IndexFiles.Random(12, 300, 16);
        float[] query = IndexFiles.Random(13, 1, 16)[0];
        ScoredRow[] all = BruteForce.Search(function, vectors, query, 300, double.NegativeInfinity);
        foreach (int last in new[] { 0, 7, 150, 299 })
            Check(device, function, vectors, [query], 400, all[last].Score);
        Check(device, function, vectors, [query], 10, Math.BitIncrement(all[0].Score));
    }

    [Theory]
    [InlineData("cpu-3")]
    [InlineData(Backends.Cuda)]
    public void The_similarity_may_change_between_searches(string device)
    {
        float[][] vectors = IndexFiles.Random(14, 400, 8);
        float[] query = IndexFiles.Random(15, 1, 8)[0];
        using MappedVectors file = MappedVectors.Open(_files.WriteVectors(vectors, 8));
        using QuantizedVectors quantized = _files.Quantize(file);
        using CpuBackend host = new(1);
        using IBackend backend = Backends.Create(device);
        using DeviceVectors deviceVectors = new(backend, file, quantized, long.MaxValue, maxBlockRows: 64);
        using DeviceSearch search = new(backend, file, deviceVectors, new ExactSearch(host, file, quantized));
        foreach (SimilarityFunction function in Enum.GetValues<SimilarityFunction>().Concat([default, default]))
        {
            ScoredRow[] expected = BruteForce.Search(function, vectors, query, 7, double.NegativeInfinity);
            ScoredRow[][] found = search.Search(function, query, 7, double.NegativeInfinity, CancellationToken.None);
            Assert.Equal(expected, found[0]);
        }
        Assert.ThrowsAny<OperationCanceledException>(
            () => search.Search(default, query, 1, double.NegativeInfinity, new(true)));
    }

    public void Dispose() => _files.Dispose();

    static IEnumerable<(int Rows, int Dimension, int Queries, int Top)> Sizes() =>
    [
        (0, 8, 3, 4), (1, 8, 1, 1), (7, 8, 2, 3), (5, 8, 0, 2), (33, 24, 5, 100), (501, 16, 65, 10), (600, 8, 2, 999),
    ];

    /// <summary>Searches on the device, twice with kept vectors and once with sent ones.</summary>
    /// <returns>Queries of a search that the host answered because of a row in doubt.</returns>
    long Check(
        string device,
        SimilarityFunction function,
        float[][] vectors,
        float[][] queries,
        int top,
        double threshold = double.NegativeInfinity)
    {
        int dimension = vectors.Concat(queries).First().Length;
        float[] all = [.. queries.SelectMany(query => query)];
        using MappedVectors file = MappedVectors.Open(_files.WriteVectors(vectors, dimension));
        using QuantizedVectors quantized = _files.Quantize(file);
        using CpuBackend host = new(2);
        using IBackend backend = Backends.Create(device);
        ExactSearch hostSearch = new(host, file, quantized);
        long inDoubt = 0;
        foreach (long maxBytes in new[] { 0, long.MaxValue })
        {
            // Blocks of few rows, so that there are several.
            using DeviceVectors deviceVectors = new(backend, file, quantized, maxBytes, maxBlockRows: 192);
            Assert.Equal(maxBytes > 0 || vectors.Length == 0, deviceVectors.IsResident);
            using DeviceSearch search = new(backend, file, deviceVectors, hostSearch);
            for (int i = 0; i < (deviceVectors.IsResident ? 2 : 1); i++)
            {
                ScoredRow[][] found = search.Search(function, all, top, threshold, CancellationToken.None);
                Assert.Equal(queries.Length, found.Length);
                for (int query = 0; query < found.Length; query++)
                    Assert.Equal(BruteForce.Search(function, vectors, queries[query], top, threshold), found[query]);
                inDoubt = search.InDoubt / (i + 1);
            }
        }
        return inDoubt;
    }
}
