using EsimCse.Reports.Drawing;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Reports.Drawing;

public class AxisTests
{
    static string Ticks(params double[] values)
    {
        Axis axis = new(values, 0, 100);
        return string.Join(' ', axis.Ticks.Select(axis.Format));
    }

    [Theory]
    [InlineData("0 20 40 60 80 100", 0.0, 100.0)]
    [InlineData("0.60 0.65 0.70 0.75 0.80 0.85", 0.61, 0.83)]
    [InlineData("0 1e-5 2e-5 3e-5", 2e-7, 3e-5)]
    [InlineData("-0.4 -0.2 0 0.2 0.4", -0.3, 0.4)]
    [InlineData("0 2e6 4e6 6e6 8e6 1e7", 1.0, 1e7)]
    [InlineData("0 0.2", 0.0)]
    [InlineData("3e-5 4e-5", 3e-5)]
    public void Ticks_are_round_numbers_around_the_values(string expected, params double[] values) =>
        Assert.Equal(expected, Ticks(values));

    [Theory]
    [InlineData]
    [InlineData(double.NaN)]
    [InlineData(5.0)]
    [InlineData(-1e300, 1e300)]
    [InlineData(1e-300, 2e-300)]
    [InlineData(0.1, 0.30000000000000004)]
    [InlineData(1.0, 1.0000000000000002)]
    public void Any_numbers_have_a_few_distinct_ticks_in_order(params double[] values)
    {
        Axis axis = new(values, 10, 110);
        double[] ticks = [.. axis.Ticks];
        Assert.InRange(ticks.Length, 2, 12);
        double[] shown = [.. ticks.Select(tick => Numbers.Parse(axis.Format(tick)))];
        Assert.Equal(shown.Distinct().Order(), shown);
        foreach (double value in values.Where(double.IsFinite)) Assert.InRange(axis.Map(value), 10 - 1e-9, 110 + 1e-9);
        Assert.Equal(10, axis.Map(ticks[0]), 1e-9);
        Assert.Equal(110, axis.Map(ticks[^1]), 1e-6);
    }
}
