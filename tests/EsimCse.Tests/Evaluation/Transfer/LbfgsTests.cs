using EsimCse.Core.Evaluation.Transfer;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Evaluation.Transfer;

public class LbfgsTests
{
    const double Tolerance = 1e-8;

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(40)]
    public void A_quadratic_function_is_minimized(int size)
    {
        // Curvatures from 1 to 1000, minimum at 1, 2, 3 …
        double[] x = Numbers.Normal(size, seed: size);
        double[] gradient = new double[size];
        new Lbfgs(size).Minimize(Quadratic, x, Tolerance);
        Quadratic(x, gradient);
        Assert.InRange(Math.Sqrt(gradient.Sum(g => g * g)), 0, Tolerance);
        for (int i = 0; i < size; i++) Assert.Equal(i + 1, x[i], Tolerance);
    }

    [Fact]
    public void Steps_that_go_too_far_are_shortened()
    {
        // The first step, of length 4·4³, leads from 4 to −252, where the value is higher.
        double[] x = [4];
        new Lbfgs(1).Minimize(Quartic, x, 1e-6);
        Assert.InRange(Math.Abs(x[0]), 0, Math.Cbrt(1e-6 / 4));

        static double Quartic(ReadOnlySpan<double> x, Span<double> gradient)
        {
            gradient[0] = 4 * Math.Pow(x[0], 3);
            return Math.Pow(x[0], 4);
        }
    }

    [Fact]
    public void A_minimum_is_left_as_it_is()
    {
        int calls = 0;
        double[] x = [1, 2, 3];
        new Lbfgs(3).Minimize(Counted, x, Tolerance);
        Assert.Equal([1, 2, 3], x);
        Assert.Equal(1, calls);

        double Counted(ReadOnlySpan<double> point, Span<double> gradient)
        {
            calls++;
            return Quadratic(point, gradient);
        }
    }

    [Fact]
    public void The_search_ends_where_rounding_hides_the_decrease()
    {
        // At 1e9 the value is constant to its last digit, but the gradient is not zero.
        double[] x = [3];
        new Lbfgs(1).Minimize(OnAPlateau, x, 0);
        Assert.InRange(Math.Abs(x[0]), 0, 1e-2);

        static double OnAPlateau(ReadOnlySpan<double> x, Span<double> gradient)
        {
            gradient[0] = 2 * x[0] + 1e-9;
            return 1e9 + x[0] * x[0];
        }
    }

    [Fact]
    public void A_second_search_forgets_the_first()
    {
        Lbfgs used = new(4);
        used.Minimize(Quadratic, new double[4], Tolerance);
        double[] again = [9, 8, 7, 6];
        double[] once = [9, 8, 7, 6];
        used.Minimize(Quadratic, again, Tolerance);
        new Lbfgs(4).Minimize(Quadratic, once, Tolerance);
        Assert.Equal(once, again);
    }

    static double Quadratic(ReadOnlySpan<double> x, Span<double> gradient)
    {
        double value = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double curvature = Math.Pow(1000, (double)i / Math.Max(1, x.Length - 1));
            double distance = x[i] - (i + 1);
            value += curvature * distance * distance / 2;
            gradient[i] = curvature * distance;
        }
        return value;
    }
}
