using EsimCse.Search.Hnsw;

namespace EsimCse.Tests.Search.Hnsw;

public class HeldOutRowsTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(9, 0)]
    [InlineData(10, 1)]
    [InlineData(29, 2)]
    [InlineData(10_007, 1000)]
    [InlineData(375_618, 1000)]
    public void A_tenth_of_the_rows_and_at_most_1000_are_held_out(int rows, int expected)
    {
        HeldOutRows heldOut = new(rows);
        Assert.Equal(expected, heldOut.Count);
        long[] contained = [.. Enumerable.Range(0, rows).Select(row => (long)row).Where(heldOut.Contains)];
        Assert.Equal(Enumerable.Range(0, expected).Select(heldOut.Row), contained);
    }
}
