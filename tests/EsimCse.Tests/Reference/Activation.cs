using Function = EsimCse.Core.Backend.Activation;

namespace EsimCse.Tests.Reference;

static class Activation
{
    /// <summary>Computes y = function(x).</summary>
    public static double[] Forward(double[] x, Function function) => [.. x.Select(value => Value(value, function))];

    /// <summary>Computes function(x) of one number.</summary>
    public static double Value(double x, Function function) => function switch
    {
        Function.Gelu => x * 0.5 * Erfc(-x / Math.Sqrt(2)),
        Function.GeluTanh => x * Sigmoid(2 * Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)),
        Function.Relu => x > 0 ? x : 0,
        Function.Tanh => Math.Tanh(x),
        Function.Sigmoid => Sigmoid(x),
        _ => throw new ArgumentOutOfRangeException(nameof(function)),
    };

    // ½ (1 + tanh u) = σ(2u), which does not cancel where u is far below 0.
    static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

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
