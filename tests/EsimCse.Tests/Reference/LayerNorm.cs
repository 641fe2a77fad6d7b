namespace EsimCse.Tests.Reference;

/// <summary>Layer normalization of m rows of n columns.</summary>
static class LayerNorm
{
    public sealed record Output(double[] Normalized, double[] Rstd, double[] Y);

    public sealed record Gradients(double[] Dz, double[] Dx, double[] Dbias, double[] Dgamma, double[] Dbeta);

    /// <summary>
    /// Computes z = (x + bias) ∘ mask + residual; rstd = 1 / √(var z + ε); normalized = (z − mean z) rstd;
    /// y = γ normalized + β.
    /// </summary>
    public static Output Forward(
        double[] x, double[] bias, double[] residual, double[] mask, double[] gamma, double[] beta,
        double epsilon, int m, int n)
    {
        double[] normalized = new double[m * n];
        double[] rstd = new double[m];
        double[] y = new double[m * n];
        for (int i = 0; i < m; i++)
        {
            double[] z = new double[n];
            for (int j = 0; j < n; j++) z[j] = (x[i * n + j] + bias[j]) * mask[i * n + j] + residual[i * n + j];
            double mean = z.Average();
            double variance = z.Sum(value => (value - mean) * (value - mean)) / n;
            rstd[i] = 1 / Math.Sqrt(variance + epsilon);
            for (int j = 0; j < n; j++)
            {
                normalized[i * n + j] = (z[j] - mean) * rstd[i];
                y[i * n + j] = gamma[j] * normalized[i * n + j] + beta[j];
            }
        }
        return new(normalized, rstd, y);
    }

    /// <summary>
    /// Computes, with g = γ dy: dz = rstd (g − mean g − normalized mean(g normalized)); dx = dz ∘ mask; dbias = Σ dx;
    /// dγ = Σ dy normalized; dβ = Σ dy, sums over rows.
    /// </summary>
    public static Gradients Backward(
        double[] dy, double[] normalized, double[] rstd, double[] mask, double[] gamma, int m, int n)
    {
        double[] dz = new double[m * n];
        double[] dx = new double[m * n];
        double[] dbias = new double[n];
        double[] dgamma = new double[n];
        double[] dbeta = new double[n];
        for (int i = 0; i < m; i++)
        {
            double meanG = 0;
            double meanGNormalized = 0;
            for (int j = 0; j < n; j++)
            {
                double g = gamma[j] * dy[i * n + j];
                meanG += g / n;
                meanGNormalized += g * normalized[i * n + j] / n;
            }
            for (int j = 0; j < n; j++)
            {
                int ij = i * n + j;
                dz[ij] = rstd[i] * (gamma[j] * dy[ij] - meanG - normalized[ij] * meanGNormalized);
                dx[ij] = dz[ij] * mask[ij];
                dbias[j] += dx[ij];
                dgamma[j] += dy[ij] * normalized[ij];
                dbeta[j] += dy[ij];
            }
        }
        return new(dz, dx, dbias, dgamma, dbeta);
    }
}
