namespace EsimCse.Tests.Reference;

static class ClsAttention
{
    /// <summary>Of one sentence of n tokens: q [1,H], kv [n,2H], mask [A,n,n] of which the first query counts.</summary>
    public static double[] Forward(double[] q, double[] kv, double[] mask, int n, int hidden, int heads)
    {
        double[] Side(int first) => [.. Enumerable.Range(0, n).SelectMany(row => kv[((row * 2 + first) * hidden)..((row * 2 + first + 1) * hidden)])];
        return Attention.Forward(q, Side(0), Side(1), mask, 1, n, hidden, heads);
    }
}
