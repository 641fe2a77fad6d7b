namespace EsimCse.Tests.Reference;

static class Tanh
{
    public static double[] Forward(double[] x) => [.. x.Select(value => 1 - 2 / (Math.Exp(2 * value) + 1))];
}
