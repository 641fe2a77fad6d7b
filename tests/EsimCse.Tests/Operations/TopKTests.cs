using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class TopKTests
{
    [Theory]
    [InlineData("cpu-1", 1, 1, 1)]
    [InlineData("cpu-3", 5, 1031, 7)]
    [InlineData("cpu-3", 2, 33, 100)]
    [InlineData("cpu-1", 0, 5, 3)]
    [InlineData("cpu-1", 2, 0, 3)]
    [InlineData("cpu-3", 3, 5000, 1024)]
    [InlineData("cuda", 1, 1, 1)]
    [InlineData("cuda", 5, 1031, 7)]
    [InlineData("cuda", 2, 33, 100)]
    [InlineData("cuda", 0, 5, 3)]
    [InlineData("cuda", 2, 0, 3)]
    // Several parts of a query's columns, and more keys than a block holds at a time.
    [InlineData("cuda", 2, 9001, 1024)]
    [InlineData("cuda", 1, 12289, 3)]
    public void Blocks_of_random_scores_are_merged(string device, int queries, int rows, int k)
    {
        using TopKCase top = new(Backends.Create(device), queries, k);
        for (int block = 0; block < 3; block++)
            top.Merge(Numbers.Normal(queries * rows, block + 1), rows, firstRow: 7 + block * rows);
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Of_equal_scores_the_lower_row_is_better_whichever_block_came_first(string device)
    {
        using TopKCase top = new(Backends.Create(device), queries: 2, k: 50);
        foreach (int firstRow in new[] { 6000, 0, 12000, 3000 })
            top.Merge([.. Enumerable.Range(0, 6000).Select(i => (double)(i * 7919 % 3))], 3000, firstRow);
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Zeros_are_equal_infinities_count_and_NaN_never_enters(string device)
    {
        const double infinity = double.PositiveInfinity;
        using TopKCase top = new(Backends.Create(device), queries: 1, k: 12);
        top.Merge([double.NaN, -0.0, 0, -infinity, 0, -0.0, double.NaN, -1e-45, 1e-45], 9, firstRow: 3);
        top.Merge([double.NaN, -infinity, infinity, -1, -3e38, 3e38, double.NaN, -0.0], 8, firstRow: 20);
        top.Merge([double.NaN, double.NaN], 2, firstRow: 0);
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Rising_scores_all_enter_and_the_largest_row_number_is_kept(string device)
    {
        using TopKCase top = new(Backends.Create(device), queries: 1, k: 20);
        top.Merge([.. Enumerable.Range(0, 6000).Select(i => (double)i)], 6000, firstRow: int.MaxValue - 5999);
        top.Merge([.. Enumerable.Range(0, 6000).Select(i => -(double)i)], 6000, firstRow: 0);
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_longer_list_than_there_may_be_is_refused(string device)
    {
        using TopKCase top = new(Backends.Create(device), queries: 1, k: IBackend.MaxTopK + 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => top.Merge([1], 1, firstRow: 0));
    }

    /// <summary>Lists of the best rows, and the same by the reference.</summary>
    sealed class TopKCase : OperationCase
    {
        readonly GuardedMatrix _topScores, _topRows;
        readonly (double Score, int Row)[][] _expected;
        readonly int _k;

        public TopKCase(IBackend backend, int queries, int k) : base(backend)
        {
            _k = k;
            _topScores = Filled(queries, k, [.. Enumerable.Repeat(double.NegativeInfinity, queries * k)]);
            _topRows = Filled(queries, k, [.. Enumerable.Repeat(-1, queries * k)]);
            _expected = [.. Enumerable.Range(0, queries).Select(_ => TopK.Merge([], [], 0, k))];
        }

        /// <summary>Merges a block of scores, [queries, rows], and checks the lists.</summary>
        public void Merge(double[] values, int rows, int firstRow)
        {
            using GuardedMatrix scores = new(_backend, _expected.Length, rows, values);
            _backend.TopK(scores, firstRow, _topScores, _topRows);
            double[] rounded = [.. values.Select(value => (double)(float)value)];
            for (int query = 0; query < _expected.Length; query++)
            {
                double[] block = rounded[(query * rows)..((query + 1) * rows)];
                _expected[query] = TopK.Merge(_expected[query], block, firstRow, _k);
            }
            Assert.Equal(_expected.SelectMany(list => list.Select(pair => pair.Row)), _topRows.Integers);
            Assert.Equal(_expected.SelectMany(list => list.Select(pair => pair.Score)), _topScores.Values);
        }
    }
}
