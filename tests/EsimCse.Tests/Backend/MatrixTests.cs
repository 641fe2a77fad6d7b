using EsimCse.Core.Backend;

namespace EsimCse.Tests.Backend;

public class MatrixTests
{
    [Fact]
    public void A_slice_starts_after_the_rows_before_it() =>
        Assert.Equal(new Matrix(1000 + 2 * 3 * 4, 4, 3), new Matrix(1000, 8, 3).Slice(2, 4));

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 9)]
    [InlineData(8, 1)]
    [InlineData(2, int.MaxValue)]
    public void A_slice_outside_is_refused(int first, int count) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Matrix(1000, 8, 3).Slice(first, count));

    [Fact]
    public void Reshaping_keeps_the_number_of_elements() =>
        Assert.Throws<ArgumentException>(() => new Matrix(1000, 8, 3).Reshape(5, 5));
}
