namespace EsimCse.Tests.Reference;

/// <summary>Attention of one sentence of n tokens, head by head; d = hidden / heads.</summary>
static class Attention
{
    /// <summary>
    /// Computes context = (P ∘ mask) V, P = softmax(Q Kᵀ / √d). q [queries,H], k, v [n,H]; mask [A,n,n], of which the
    /// first `queries` rows of each head apply.
    /// </summary>
    public static double[] Forward(
        double[] q, double[] k, double[] v, double[] mask, int queries, int n, int hidden, int heads)
    {
        int d = hidden / heads;
        double[] context = new double[queries * hidden];
        for (int a = 0; a < heads; a++)
            for (int i = 0; i < queries; i++)
            {
                double[] p = Probabilities(j => Dot(q, i * hidden + a * d, k, j * hidden + a * d, d), n, d);
                for (int j = 0; j < n; j++)
                    for (int c = a * d; c < (a + 1) * d; c++)
                        context[i * hidden + c] += p[j] * mask[(a * n + i) * n + j] * v[j * hidden + c];
            }
        return context;
    }

    /// <summary>Computes the context of all n tokens from qkv [n,3H].</summary>
    public static double[] Forward(double[] qkv, double[] mask, int n, int hidden, int heads)
    {
        double[] q = Columns(qkv, 3 * hidden, 0, hidden);
        double[] k = Columns(qkv, 3 * hidden, hidden, hidden);
        double[] v = Columns(qkv, 3 * hidden, 2 * hidden, hidden);
        return Forward(q, k, v, mask, n, n, hidden, heads);
    }

    /// <summary>
    /// Computes dqkv [n,3H]: dV = (P ∘ mask)ᵀ dO; dP = (dO Vᵀ) ∘ mask; dS = P (dP − δ) / √d with δ = Σ P dP;
    /// dQ = dS K; dK = dSᵀ Q.
    /// </summary>
    public static double[] Backward(double[] qkv, double[] dcontext, double[] mask, int n, int hidden, int heads)
    {
        int d = hidden / heads;
        double[] dqkv = new double[n * 3 * hidden];
        double[] dp = new double[n];
        for (int a = 0; a < heads; a++)
            for (int i = 0; i < n; i++)
            {
                double[] p = Probabilities(j => Dot(qkv, Q(i), qkv, K(j), d), n, d);
                double delta = 0;
                for (int j = 0; j < n; j++)
                {
                    dp[j] = Dot(dcontext, O(i), qkv, V(j), d) * mask[(a * n + i) * n + j];
                    delta += p[j] * dp[j];
                }
                for (int j = 0; j < n; j++)
                {
                    double ds = p[j] * (dp[j] - delta) / Math.Sqrt(d);
                    double pDropped = p[j] * mask[(a * n + i) * n + j];
                    for (int c = 0; c < d; c++)
                    {
                        dqkv[Q(i) + c] += ds * qkv[K(j) + c];
                        dqkv[K(j) + c] += ds * qkv[Q(i) + c];
                        dqkv[V(j) + c] += pDropped * dcontext[O(i) + c];
                    }
                }

                // index of a row's first element in this head
                int Q(int row) => row * 3 * hidden + a * d;
                int K(int row) => Q(row) + hidden;
                int V(int row) => Q(row) + 2 * hidden;
                int O(int row) => row * hidden + a * d;
            }
        return dqkv;
    }

    /// <summary>Returns the columns first … first + count − 1 of rows of `width` elements.</summary>
    public static double[] Columns(double[] rows, int width, int first, int count) =>
        [.. rows.Chunk(width).SelectMany(row => row[first..(first + count)])];

    static double[] Probabilities(Func<int, double> dot, int n, int d)
    {
        double[] scores = [.. Enumerable.Range(0, n).Select(j => dot(j) / Math.Sqrt(d))];
        double max = scores.Max();
        double sum = scores.Sum(score => Math.Exp(score - max));
        return [.. scores.Select(score => Math.Exp(score - max) / sum)];
    }

    static double Dot(double[] x, int startX, double[] y, int startY, int d)
    {
        double dot = 0;
        for (int c = 0; c < d; c++) dot += x[startX + c] * y[startY + c];
        return dot;
    }
}
