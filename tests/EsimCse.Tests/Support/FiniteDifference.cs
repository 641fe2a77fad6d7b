namespace EsimCse.Tests.Support;

static class FiniteDifference
{
    const double Step = 1e-5;

    /// <summary>Computes the gradient of Σ weights · f(x) with respect to x by central differences.</summary>
    public static double[] Gradient(double[] x, double[] weights, Func<double[], double[]> f)
    {
        double[] gradient = new double[x.Length];
        double[] moved = [.. x];
        for (int i = 0; i < x.Length; i++)
        {
            moved[i] = x[i] + Step;
            double above = Sum(f(moved), weights);
            moved[i] = x[i] - Step;
            gradient[i] = (above - Sum(f(moved), weights)) / (2 * Step);
            moved[i] = x[i];
        }
        return gradient;
    }

    static double Sum(double[] values, double[] weights) =>
        values.Zip(weights, (value, weight) => value * weight).Sum();
}
