using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class ClsAttentionTests
{
    static readonly int[] Lengths = [1, 5, 2, 17];
    static readonly int[] FirstTokens = [0, 1, 6, 8];

    [Theory]
    [MemberData(nameof(AttentionTests.Cases), MemberType = typeof(AttentionTests))]
    public void Forward_and_backward_equal_the_reference(string device, int heads, int size, float rate)
    {
        int hidden = heads * size;
        using ClsAttentionCase attention = new(
            Backends.Create(device), Lengths, heads, size, rate,
            q: Numbers.Normal(Lengths.Length * hidden, 1),
            kv: Numbers.Normal(Lengths.Sum() * 2 * hidden, 2),
            dcontext: Numbers.Normal(Lengths.Length * hidden, 3));
        attention.Run();
        for (int s = 0; s < Lengths.Length; s++)
        {
            double[] context = attention.SentenceRow(attention.Context.Values, s);
            double[] dq = attention.SentenceRow(attention.Dq.Values, s);
            AttentionCase.Tolerance.Check(attention.ExpectedContext(s), context, $"context of {s}");
            AttentionCase.Tolerance.Check(attention.DifferenceDq(s), dq, $"dq of {s}");
            bool isSlow = Lengths[s] > 5 && hidden > 24;
            if (isSlow) continue;
            double[] dkv = attention.TokenRows(attention.Dkv.Values, s);
            AttentionCase.Tolerance.Check(attention.DifferenceDkv(s), dkv, $"dkv of {s}");
        }
        AttentionCase.Tolerance.Check(attention.ExpectedDbias(), attention.Dbias.Values, "dbias");
    }

    [Theory]
    [MemberData(nameof(AttentionTests.Cases), MemberType = typeof(AttentionTests))]
    public void Results_equal_those_of_attention_over_all_tokens(string device, int heads, int size, float rate)
    {
        int hidden = heads * size;
        double[] dcontext = Numbers.Normal(Lengths.Length * hidden, 2);
        double[] qkv = Numbers.Normal(Lengths.Sum() * 3 * hidden, 1);
        using ClsAttentionCase first = new(
            Backends.Create(device), Lengths, heads, size, rate,
            Queries(qkv, hidden), KeysAndValues(qkv, hidden), dcontext);
        first.Run();
        (double[] context, double[] dqkv) = first.RunOverAllTokens(qkv, AtFirstTokens(dcontext, hidden));
        Tolerance tolerance = new(2e-6, 1e-5, "the same sums, with zeros in one of them");
        tolerance.Check(RowsOfFirstTokens(context, hidden), first.Context.Values, "context");
        tolerance.Check(KeysAndValues(dqkv, hidden), first.Dkv.Values, "dkv");
        tolerance.Check(Queries(dqkv, hidden), first.Dq.Values, "dq");
    }

    static double[] RowsOfFirstTokens(double[] matrix, int width) =>
        [.. FirstTokens.SelectMany(t => matrix[(t * width)..((t + 1) * width)])];

    /// <summary>Returns the query part of the first tokens' rows of a [T,3H] matrix.</summary>
    static double[] Queries(double[] qkv, int hidden) =>
        Attention.Columns(RowsOfFirstTokens(qkv, 3 * hidden), 3 * hidden, 0, hidden);

    /// <summary>Returns the key and value parts [T,2H] of a [T,3H] matrix.</summary>
    static double[] KeysAndValues(double[] qkv, int hidden) => Attention.Columns(qkv, 3 * hidden, hidden, 2 * hidden);

    /// <summary>Returns a [T,H] matrix of zeros except for the rows of the first tokens.</summary>
    static double[] AtFirstTokens(double[] rows, int hidden)
    {
        double[] matrix = new double[Lengths.Sum() * hidden];
        for (int s = 0; s < FirstTokens.Length; s++)
            Array.Copy(rows, s * hidden, matrix, FirstTokens[s] * hidden, hidden);
        return matrix;
    }
}
