namespace EsimCse.Tests.Reference;

static class ClsAttention
{
    /// <summary>
    /// Computes the attention of a sentence's first token: q [1,H], kv [n,2H]; mask [A,n,n], of which row 0 of each
    /// head applies.
    /// </summary>
    public static double[] Forward(double[] q, double[] kv, double[] mask, int n, int hidden, int heads)
    {
        double[] k = Attention.Columns(kv, 2 * hidden, 0, hidden);
        double[] v = Attention.Columns(kv, 2 * hidden, hidden, hidden);
        return Attention.Forward(q, k, v, mask, queries: 1, n, hidden, heads);
    }
}
