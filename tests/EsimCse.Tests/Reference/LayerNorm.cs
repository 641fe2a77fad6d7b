namespace EsimCse.Tests.Reference;

static class LayerNorm
{
    public static double[] Forward(double[] x, double[] bias, double[] residual, double[] mask, double[] gamma, double[] beta, double epsilon, int m, int n)
    {
        double[] y = new double[m * n];
        for (int i = 0; i < m; i++)
        {
            double[] z = [.. Enumerable.Range(0, n).Select(j => (x[i * n + j] + bias[j]) * mask[i * n + j] + residual[i * n + j])];
            double mean = z.Average(), variance = z.Sum(value => (value - mean) * (value - mean)) / n;
            for (int j = 0; j < n; j++) y[i * n + j] = gamma[j] * (z[j] - mean) / Math.Sqrt(variance + epsilon) + beta[j];
        }
        return y;
    }
}
