namespace EsimCse.Tests.Reference;

static class Attention
{
    /// <summary>Of one sentence of n tokens: q [queries,H], k, v [n,H], mask [A,n,n] of which the first queries count.</summary>
    public static double[] Forward(double[] q, double[] k, double[] v, double[] mask, int queries, int n, int hidden, int heads)
    {
        int d = hidden / heads;
        double[] context = new double[queries * hidden];
        for (int a = 0; a < heads; a++)
            for (int i = 0; i < queries; i++)
            {
                double[] scores = [.. Enumerable.Range(0, n).Select(j => Enumerable.Range(a * d, d).Sum(c => q[i * hidden + c] * k[j * hidden + c]) / Math.Sqrt(d))];
                double largest = scores.Max(), sum = scores.Sum(score => Math.Exp(score - largest));
                for (int j = 0; j < n; j++)
                    for (int c = a * d; c < (a + 1) * d; c++)
                        context[i * hidden + c] += Math.Exp(scores[j] - largest) / sum * mask[(a * n + i) * n + j] * v[j * hidden + c];
            }
        return context;
    }

    /// <summary>The gradient of Σ dcontext context with respect to the rows [n,3H] of q, k and v side by side.</summary>
    public static double[] Backward(double[] qkv, double[] dcontext, double[] mask, int n, int hidden, int heads)
    {
        int d = hidden / heads;
        double[] dqkv = new double[n * 3 * hidden], share = new double[n], dshare = new double[n];
        double Dot(double[] a, int from, double[] b, int with) => Enumerable.Range(0, d).Sum(c => a[from + c] * b[with + c]);
        for (int a = 0; a < heads; a++)
            for (int i = 0; i < n; i++)
            {
                int At(int row, int part) => row * 3 * hidden + part * hidden + a * d;
                double[] scores = [.. Enumerable.Range(0, n).Select(j => Dot(qkv, At(i, 0), qkv, At(j, 1)) / Math.Sqrt(d))];
                double largest = scores.Max(), sum = scores.Sum(score => Math.Exp(score - largest)), along = 0;
                for (int j = 0; j < n; j++)
                {
                    share[j] = Math.Exp(scores[j] - largest) / sum;
                    dshare[j] = Dot(dcontext, i * hidden + a * d, qkv, At(j, 2)) * mask[(a * n + i) * n + j];
                    along += share[j] * dshare[j];
                }
                for (int j = 0; j < n; j++)
                {
                    double dscore = share[j] * (dshare[j] - along) / Math.Sqrt(d), kept = share[j] * mask[(a * n + i) * n + j];
                    for (int c = 0; c < d; c++)
                    {
                        dqkv[At(i, 0) + c] += dscore * qkv[At(j, 1) + c];
                        dqkv[At(j, 1) + c] += dscore * qkv[At(i, 0) + c];
                        dqkv[At(j, 2) + c] += kept * dcontext[i * hidden + a * d + c];
                    }
                }
            }
        return dqkv;
    }
}
