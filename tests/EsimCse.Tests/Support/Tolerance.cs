namespace EsimCse.Tests.Support;

/// <summary>The allowed distance from the reference, absolute + relative · |reference|, and its reason.</summary>
sealed record Tolerance(double Absolute, double Relative, string Reason)
{
    public static readonly Tolerance Elementwise = new(2e-6, 2e-6, "a few units in the last place of fp32");

    public static readonly Tolerance RowSum = new(5e-6, 2e-5, "sums over a row in fp32, whose terms partly cancel");

    public static readonly Tolerance FiniteDifferences =
        new(1e-6, 1e-5, "central differences in double: h² of the third derivative, and rounding over h");

    /// <summary>
    /// Creates the tolerance of a sum of `terms` terms of size 1: partial sums grow like √terms, and each addition
    /// rounds by ε/2 of one, together like `terms`.
    /// </summary>
    public static Tolerance Chain(int terms) =>
        new(2 * Math.Pow(2, -24) * (terms + 16), 2e-6, $"a chain of {terms} sums in fp32");

    public void Check(IReadOnlyList<double> reference, IReadOnlyList<double> actual, string name = "value")
    {
        Assert.Equal(reference.Count, actual.Count);
        double worst = -1;
        int index = -1;
        for (int i = 0; i < reference.Count; i++)
        {
            double error = Math.Abs(reference[i] - actual[i]) / (Absolute + Relative * Math.Abs(reference[i]));
            if (double.IsNaN(error)) error = double.PositiveInfinity;
            if (error <= worst) continue;
            worst = error;
            index = i;
        }
        if (worst <= 1) return;
        Assert.Fail($"{name}[{index}]: found {actual[index]:R}, expected {reference[index]:R}: " +
            $"{worst:P0} of the tolerance ({Reason})");
    }
}
