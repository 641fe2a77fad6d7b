namespace EsimCse.Tests.Support;

/// <summary>How far a result may be from the reference, and why: absolute + relative · |reference|.</summary>
sealed record Tolerance(double Absolute, double Relative, string Reason)
{
    public static readonly Tolerance Elementwise = new(2e-6, 2e-6, "a few units in the last place of fp32");

    public static readonly Tolerance RowSum = new(5e-6, 2e-5, "sums over a row in fp32, whose terms partly cancel");

    public static readonly Tolerance FiniteDifferences = new(1e-6, 1e-5, "central differences in double: h² of the third derivative, and rounding over h");

    public void Check(IReadOnlyList<double> reference, IReadOnlyList<double> actual, string what = "value")
    {
        Assert.Equal(reference.Count, actual.Count);
        (double worst, int at) = (-1, -1);
        for (int i = 0; i < reference.Count; i++)
        {
            double share = Math.Abs(reference[i] - actual[i]) / (Absolute + Relative * Math.Abs(reference[i]));
            if (double.IsNaN(share)) share = double.PositiveInfinity;
            if (share > worst) (worst, at) = (share, i);
        }
        if (worst > 1)
            Assert.Fail($"{what}[{at}]: found {actual[at]:R}, expected {reference[at]:R}: {worst:P0} of the tolerance ({Reason})");
    }
}
