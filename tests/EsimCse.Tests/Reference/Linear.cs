namespace EsimCse.Tests.Reference;

/// <summary>Matrix products: x [m,k], w [n,k], bias [n], y [m,n].</summary>
static class Linear
{
    /// <summary>Computes y = x wᵀ + bias.</summary>
    public static double[] Forward(double[] x, double[] w, double[]? bias, int m, int n, int k)
    {
        double[] y = new double[m * n];
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++)
            {
                y[i * n + j] = bias?[j] ?? 0;
                for (int l = 0; l < k; l++) y[i * n + j] += x[i * k + l] * w[j * k + l];
            }
        return y;
    }

    /// <summary>Computes dx = dy w.</summary>
    public static double[] BackwardInput(double[] dy, double[] w, int m, int n, int k)
    {
        double[] dx = new double[m * k];
        for (int i = 0; i < m; i++)
            for (int l = 0; l < k; l++)
                for (int j = 0; j < n; j++) dx[i * k + l] += dy[i * n + j] * w[j * k + l];
        return dx;
    }

    /// <summary>Computes dw = dyᵀ x and dbias = Σ dy over rows.</summary>
    public static (double[] Dw, double[] Dbias) BackwardWeight(double[] dy, double[] x, int m, int n, int k)
    {
        double[] dw = new double[n * k];
        double[] dbias = new double[n];
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++)
            {
                dbias[j] += dy[i * n + j];
                for (int l = 0; l < k; l++) dw[j * k + l] += dy[i * n + j] * x[i * k + l];
            }
        return (dw, dbias);
    }
}
