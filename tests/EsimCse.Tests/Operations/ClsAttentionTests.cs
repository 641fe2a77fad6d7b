using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class ClsAttentionTests
{
    [Theory]
    [MemberData(nameof(AttentionTests.Cases), MemberType = typeof(AttentionTests))]
    public void Forward_and_backward_equal_the_reference(string device, int heads, int size, float rate)
    {
        int[] lengths = [1, 5, 2, 17];
        (int hidden, int tokens) = (heads * size, lengths.Sum());
        using IBackend backend = Backends.Create(device);
        using DeviceBatch batch = new(backend, lengths);
        double[] q = Numbers.Normal(4 * hidden, 1), kv = Numbers.Normal(tokens * 2 * hidden, 2), slopes = Numbers.Normal(4 * hidden, 3);
        using GuardedMatrix gq = new(backend, 4, hidden, q), gkv = new(backend, tokens, 2 * hidden, kv), gd = new(backend, 4, hidden, slopes), context = new(backend, 4, hidden), lse = new(backend, heads, 4), dq = new(backend, 4, hidden), dkv = new(backend, tokens, 2 * hidden);
        backend.ClsAttentionForward(gq, gkv, batch.Batch, heads, batch.Mask(rate, 2), context, lse);
        backend.ClsAttentionBackward(gd, gq, gkv, context, lse, batch.Batch, heads, batch.Mask(rate, 2), dq, dkv);
        for (int s = 0; s < lengths.Length; s++)
        {
            (int n, Range query, Range rows) = (lengths[s], (s * hidden)..((s + 1) * hidden), (batch.Offsets[s] * 2 * hidden)..(batch.Offsets[s + 1] * 2 * hidden));
            double[] mask = DeviceBatch.Draws(rate, 2, s, heads * n * n);
            AttentionTests.Close.Check(ClsAttention.Forward(q[query], kv[rows], mask, n, hidden, heads), context.Values[query], $"context of {s}");
            AttentionTests.Close.Check(FiniteDifference.Gradient(q[query], slopes[query], moved => ClsAttention.Forward(moved, kv[rows], mask, n, hidden, heads)), dq.Values[query], $"dq of {s}");
            if (n <= 5 || hidden <= 24)
                AttentionTests.Close.Check(FiniteDifference.Gradient(kv[rows], slopes[query], moved => ClsAttention.Forward(q[query], moved, mask, n, hidden, heads)), dkv.Values[rows], $"dkv of {s}");
        }
    }

    [Theory]
    [MemberData(nameof(AttentionTests.Cases), MemberType = typeof(AttentionTests))]
    public void First_tokens_alone_are_what_all_tokens_give(string device, int heads, int size, float rate)
    {
        int[] lengths = [1, 5, 2, 17];
        int hidden = heads * size, tokens = lengths.Sum();
        using IBackend backend = Backends.Create(device);
        using DeviceBatch batch = new(backend, lengths);
        double[] qkv = Numbers.Normal(tokens * 3 * hidden, 1), slopes = Numbers.Normal(4 * hidden, 2), whole = new double[tokens * hidden];
        for (int s = 0; s < 4; s++) Array.Copy(slopes, s * hidden, whole, batch.Offsets[s] * hidden, hidden);
        double[] queries = [.. batch.Offsets[..4].SelectMany(t => qkv[(t * 3 * hidden)..(t * 3 * hidden + hidden)])];
        using GuardedMatrix gqkv = new(backend, tokens, 3 * hidden, qkv), gd = new(backend, tokens, hidden, whole), context = new(backend, tokens, hidden), lse = new(backend, heads, tokens), dqkv = new(backend, tokens, 3 * hidden);
        using GuardedMatrix q = new(backend, 4, hidden, queries), kv = new(backend, tokens, 2 * hidden, AttentionTests.Columns(qkv, 3 * hidden, hidden, 2 * hidden)), gs = new(backend, 4, hidden, slopes), first = new(backend, 4, hidden), lse1 = new(backend, heads, 4), dq = new(backend, 4, hidden), dkv = new(backend, tokens, 2 * hidden);
        backend.AttentionForward(gqkv, batch.Batch, heads, batch.Mask(rate, 2), context, lse);
        backend.AttentionBackward(gd, gqkv, context, lse, batch.Batch, heads, batch.Mask(rate, 2), dqkv);
        backend.ClsAttentionForward(q, kv, batch.Batch, heads, batch.Mask(rate, 2), first, lse1);
        backend.ClsAttentionBackward(gs, q, kv, first, lse1, batch.Batch, heads, batch.Mask(rate, 2), dq, dkv);
        Tolerance same = new(2e-6, 1e-5, "the same sums, with zeros in one of them");
        same.Check([.. batch.Offsets[..4].SelectMany(t => context.Values[(t * hidden)..((t + 1) * hidden)])], first.Values, "context");
        same.Check(AttentionTests.Columns(dqkv.Values, 3 * hidden, hidden, 2 * hidden), dkv.Values, "dkv");
        same.Check([.. batch.Offsets[..4].SelectMany(t => dqkv.Values[(t * 3 * hidden)..(t * 3 * hidden + hidden)])], dq.Values, "dq");
    }
}
