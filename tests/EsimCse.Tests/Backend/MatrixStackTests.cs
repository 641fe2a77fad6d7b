using EsimCse.Core.Backend;

namespace EsimCse.Tests.Backend;

public class MatrixStackTests
{
    [Fact]
    public void Matrices_at_equal_distances_are_a_stack()
    {
        MatrixStack stack = MatrixStack.Of(new Matrix(1000, 2, 3), new Matrix(1040, 2, 3), new Matrix(1080, 2, 3));
        Assert.Equal(new MatrixStack(new Matrix(1000, 2, 3), 3, 40), stack);
        Assert.Equal(new Matrix(1080, 2, 3), stack[2]);
    }

    [Fact]
    public void A_matrix_is_a_stack_of_one_and_an_absent_one_is_absent()
    {
        MatrixStack stack = new Matrix(1000, 2, 3);
        Assert.Equal(MatrixStack.Of(new Matrix(1000, 2, 3)), stack);
        Assert.True(stack.IsPresent);
        Assert.False(default(MatrixStack).IsPresent);
    }

    [Theory]
    [InlineData(1081, 2)]
    [InlineData(1080, 3)]
    public void Other_distances_and_shapes_are_refused(int address, int rows) => Assert.Throws<ArgumentException>(
        () => MatrixStack.Of(new Matrix(1000, 2, 3), new Matrix(1040, 2, 3), new Matrix(address, rows, 3)));

    [Fact]
    public void A_stack_of_none_is_refused() => Assert.Throws<ArgumentException>(() => MatrixStack.Of());
}
