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
}
