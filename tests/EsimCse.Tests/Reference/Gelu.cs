namespace EsimCse.Tests.Reference;

static class Gelu
{
    /// <summary>Computes y = x Φ(x), with Φ(x) = ½ erfc(−x / √2).</summary>
    public static double[] Forward(double[] x) => [.. x.Select(value => value * 0.5 * Erfc(-value / Math.Sqrt(2)))];

    /// <summary>Computes erfc by the series of erf below 2 and by the continued fraction from 2 on.</summary>
    static double Erfc(double x)
    {
        if (x < 0) return 2 - Erfc(-x);
        if (x < 2)
        {
            double term = x;
            double sum = x;
            for (int n = 1; n < 100; n++)
            {
                term *= -x * x / n;
                sum += term / (2 * n + 1);
            }
            return 1 - 2 / Math.Sqrt(Math.PI) * sum;
        }
        double fraction = x;
        for (int n = 200; n > 0; n--) fraction = x + n / 2.0 / fraction;
        return Math.Exp(-x * x) / Math.Sqrt(Math.PI) / fraction;
    }
}
