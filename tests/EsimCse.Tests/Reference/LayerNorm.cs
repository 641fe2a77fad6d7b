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

    /// <summary>The gradients of all that goes in; normalized and rstd are the forward's.</summary>
    public static (double[] Dx, double[] Dz, double[] Dbias, double[] Dgamma, double[] Dbeta) Backward(double[] dy, double[] normalized, double[] rstd, double[] mask, double[] gamma, int m, int n)
    {
        double[] dx = new double[m * n], dz = new double[m * n], dbias = new double[n], dgamma = new double[n], dbeta = new double[n];
        for (int i = 0; i < m; i++)
        {
            double mean = 0, slope = 0;
            for (int j = 0; j < n; j++)
            {
                mean += gamma[j] * dy[i * n + j] / n;
                slope += gamma[j] * dy[i * n + j] * normalized[i * n + j] / n;
            }
            for (int j = 0; j < n; j++)
            {
                int at = i * n + j;
                dz[at] = rstd[i] * (gamma[j] * dy[at] - mean - normalized[at] * slope);
                dx[at] = dz[at] * mask[at];
                dbias[j] += dx[at];
                dgamma[j] += dy[at] * normalized[at];
                dbeta[j] += dy[at];
            }
        }
        return (dx, dz, dbias, dgamma, dbeta);
    }
}
