using EsimCse.Core.Evaluation;

namespace EsimCse.Tests.Evaluation;

/// <summary>Coefficients of short lists, computed by hand.</summary>
public class CorrelationTests
{
    const double Tolerance = 1e-15;

    [Fact]
    public void Pearson_divides_the_covariance_by_the_deviations()
    {
        // Deviations −1.5 −0.5 0.5 1.5 and −3 −1 0 4: sums of products 11, of squares 5 and 26.
        Assert.Equal(11 / Math.Sqrt(5 * 26), Correlation.Pearson([1, 2, 3, 4], [2, 4, 5, 9]), Tolerance);
        Assert.Equal(1, Correlation.Pearson([1, 2, 3], [10, 20, 30]), Tolerance);
        Assert.Equal(-1, Correlation.Pearson([1, 2, 3], [3, 2, 1]), Tolerance);
    }

    [Fact]
    public void Spearman_without_ties_follows_the_sum_of_squared_rank_differences()
    {
        // Rank differences 0 −1 1 −1 1: 1 − 6·4 / (5·24).
        Assert.Equal(0.8, Correlation.Spearman([10, 20, 30, 40, 500], [-1, 3, 2, 5, 4]), Tolerance);
    }

    [Fact]
    public void Spearman_gives_ties_the_mean_of_their_ranks()
    {
        // Ranks 1 2.5 2.5 4 and 1 3 2 4: sums of products 4.5, of squares 4.5 and 5.
        Assert.Equal(4.5 / Math.Sqrt(4.5 * 5), Correlation.Spearman([1, 2, 2, 3], [1, 3, 2, 4]), Tolerance);
        // Deviations −0.5 −0.5 −0.5 1.5 and −1 −1 1 1: products 0.5 + 0.5 − 0.5 + 1.5 = 2, squares 3 and 4.
        Assert.Equal(2 / Math.Sqrt(3 * 4), Correlation.Spearman([7, 7, 7, 9], [0, 0, 1, 1]), Tolerance);
    }

    [Fact]
    public void Spearman_depends_on_the_order_only()
    {
        double[] x = [0.1, -4, 2, 2, 70];
        double[] y = [3, 1, 1, 2, 9];
        double[] monotone = [.. x.Select(value => Math.Exp(value / 10))];
        Assert.Equal(Correlation.Spearman(x, y), Correlation.Spearman(monotone, y));
        Assert.Equal(Correlation.Spearman(x, y), Correlation.Spearman(y, x), Tolerance);
    }

    [Fact]
    public void A_constant_list_or_fewer_than_two_numbers_give_NaN()
    {
        Assert.Equal(double.NaN, Correlation.Spearman([1, 1, 1], [1, 2, 3]));
        Assert.Equal(double.NaN, Correlation.Pearson([1, 2, 3], [4, 4, 4]));
        Assert.Equal(double.NaN, Correlation.Spearman([1], [1]));
        Assert.Equal(double.NaN, Correlation.Spearman([], []));
    }

    [Fact]
    public void Lists_of_different_lengths_are_refused() =>
        Assert.Throws<ArgumentException>(() => Correlation.Spearman([1, 2], [1, 2, 3]));

    [Fact]
    public void The_mean_of_nothing_is_NaN()
    {
        Assert.Equal(2.5, Correlation.Mean([1, 2, 3, 4]));
        Assert.Equal(double.NaN, Correlation.Mean([]));
    }
}
