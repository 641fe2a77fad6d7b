namespace EsimCse.Tests.Reference;

static class Tanh
{
    /// <summary>Computes y = tanh x = 1 − 2 / (exp 2x + 1).</summary>
    public static double[] Forward(double[] x) => [.. x.Select(value => 1 - 2 / (Math.Exp(2 * value) + 1))];
}
