using EsimCse.Core.Evaluation.Transfer;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Evaluation.Transfer;

public class LogLossTests
{
    [Theory]
    [InlineData(0, 0.3)]
    [InlineData(1, 0.3)]
    [InlineData(1, -2.5)]
    [InlineData(0, 0.0)]
    [InlineData(2, 1.5, -0.5, 0.25)]
    [InlineData(0, -1.0, 4.0)]
    public void The_loss_is_minus_the_logarithm_of_the_probability(int label, params double[] scores)
    {
        double[] all = scores.Length == 1 ? [0, scores[0]] : scores;
        double expected = -Math.Log(Math.Exp(all[label]) / all.Sum(Math.Exp));
        Assert.Equal(expected, LogLoss.Compute([.. scores], label), 1e-12);
    }

    [Theory]
    [InlineData(0, 0.3)]
    [InlineData(1, -2.5)]
    [InlineData(2, 1.5, -0.5, 0.25)]
    [InlineData(0, -1.0, 4.0)]
    public void The_derivatives_are_those_of_finite_differences(int label, params double[] scores)
    {
        const double h = 1e-4;
        double[] derivatives = [.. scores];
        LogLoss.Compute(derivatives, label);
        double[] expected = [.. Enumerable.Range(0, scores.Length).Select(i => (Loss(i, h) - Loss(i, -h)) / (2 * h))];
        Tolerance.FiniteDifferences.Check(expected, derivatives);

        double Loss(int index, double change)
        {
            double[] changed = [.. scores];
            changed[index] += change;
            return LogLoss.Compute(changed, label);
        }
    }

    [Theory]
    [InlineData(0, 800.0)]
    [InlineData(1, -800.0)]
    [InlineData(0, -800.0, 0.0)]
    public void Large_scores_do_not_overflow(int label, params double[] scores)
    {
        double[] derivatives = [.. scores];
        Assert.Equal(800, LogLoss.Compute(derivatives, label), 1e-9);
        Assert.All(derivatives, value => Assert.Equal(1, Math.Abs(value), 1e-12));
    }
}
