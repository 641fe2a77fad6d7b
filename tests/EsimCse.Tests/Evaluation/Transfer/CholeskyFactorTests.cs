using EsimCse.Core.Evaluation.Transfer;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Evaluation.Transfer;

public class CholeskyFactorTests
{
    static readonly Tolerance Rounding = new(1e-9, 1e-9, "sums of double, whose matrix is well conditioned");

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    [InlineData(7, 40)]
    [InlineData(17, 600)]
    public void The_product_of_the_factor_and_its_transpose_is_the_matrix(int dimension, int count)
    {
        (SymmetricMatrix matrix, double[,] expected) = SecondMoment(dimension, count);
        CholeskyFactor factor = CholeskyFactor.Compute(matrix);
        int size = dimension + 1;
        Assert.Equal(size, factor.Size);
        double[][] transposed = [.. Enumerable.Range(0, size).Select(i => MultipliedUnit(factor, i))];
        for (int i = 0; i < size; i++)
            for (int j = 0; j < size; j++)
                // Lᵀ times a unit vector is a column of Lᵀ, which is a row of L.
                Rounding.Check([expected[i, j]], [transposed[i].Zip(transposed[j], (a, b) => a * b).Sum()]);
    }

    [Fact]
    public void Solving_inverts_multiplying()
    {
        CholeskyFactor factor = CholeskyFactor.Compute(SecondMoment(9, 30).Matrix);
        double[] x = Numbers.Normal(10, seed: 4);
        double[] y = [.. x];
        factor.MultiplyTransposed(y);
        factor.SolveTransposed(y);
        Rounding.Check(x, y);
        // xᵀ·L⁻ᵀ·z = (L⁻¹·x)ᵀ·z.
        double[] z = Numbers.Normal(10, seed: 5);
        double[] right = [.. z];
        factor.SolveTransposed(right);
        double[] left = [.. x];
        factor.Solve(left);
        Rounding.Check([Dot(x, right)], [Dot(left, z)]);
    }

    [Fact]
    public void A_singular_matrix_has_a_finite_factor()
    {
        // The second column is the first, and the last is constant.
        LabeledVectors vectors = new([1e4f, 1e4f, 3, 2e4f, 2e4f, 3, 4e4f, 4e4f, 3], 3, [0, 1, 0]);
        SymmetricMatrix matrix = SymmetricMatrix.SecondMoment(vectors, [0, 1, 2], new ParallelOptions());
        CholeskyFactor factor = CholeskyFactor.Compute(matrix.ScaleAndAddRidge(0.25, 1e-9));
        double[] x = [1, 2, 3, 4];
        factor.Solve(x);
        factor.SolveTransposed(x);
        Assert.All(x, value => Assert.True(double.IsFinite(value)));
    }

    /// <summary>Returns the mean of x·xᵀ over vectors with a 1 at the end, from both sides, plus a ridge.</summary>
    static (SymmetricMatrix Matrix, double[,] Expected) SecondMoment(int dimension, int count)
    {
        const double scale = 0.3;
        const double ridge = 0.01;
        double[] values = Numbers.Normal(count * dimension, seed: count);
        int size = dimension + 1;
        int[] rows = [.. Enumerable.Range(0, count).Where(row => row == 0 || row % 5 != 3)];
        LabeledVectors vectors = new([.. values.Select(value => (float)value)], dimension, new int[count]);
        SymmetricMatrix matrix = SymmetricMatrix.SecondMoment(vectors, rows, new ParallelOptions());
        double[,] expected = new double[size, size];
        for (int i = 0; i < size; i++)
            for (int j = 0; j < size; j++)
            {
                expected[i, j] = i == j && i < dimension ? ridge : 0;
                foreach (int row in rows)
                    expected[i, j] += scale * Element(row, i) * Element(row, j) / rows.Length;
            }
        return (matrix.ScaleAndAddRidge(scale, ridge), expected);

        double Element(int row, int column) => column == dimension ? 1 : values[row * dimension + column];
    }

    static double[] MultipliedUnit(CholeskyFactor factor, int index)
    {
        double[] x = new double[factor.Size];
        x[index] = 1;
        factor.MultiplyTransposed(x);
        return x;
    }

    static double Dot(double[] x, double[] y) => x.Zip(y, (a, b) => a * b).Sum();
}
