using EsimCse.Core.Backend;

namespace EsimCse.Tests.Backend;

public class MatrixTests
{
    [Fact]
    public void A_slice_starts_at_its_first_row() =>
        Assert.Equal(new Matrix(1000 + 2 * 3 * 4, 4, 3), new Matrix(1000, 8, 3).Slice(2, 4));

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 9)]
    [InlineData(8, 1)]
    [InlineData(2, int.MaxValue)]
    public void A_slice_outside_the_matrix_is_refused(int first, int count) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Matrix(1000, 8, 3).Slice(first, count));

    [Fact]
    public void Reshaping_to_another_number_of_elements_is_refused() =>
        Assert.Throws<ArgumentException>(() => new Matrix(1000, 8, 3).Reshape(5, 5));
}
