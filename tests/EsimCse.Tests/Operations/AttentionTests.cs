using EsimCse.Core.Backend;
using EsimCse.Cpu;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class AttentionTests
{
    internal static readonly Tolerance Close = new(1e-5, 1e-4, "softmax and products in fp32");

    public static TheoryData<string, int, int, float> Cases
    {
        get
        {
            TheoryData<string, int, int, float> cases = [];
            foreach (string device in Backends.Names)
                foreach ((int heads, int size) in new[] { (1, 1), (3, 8), (2, 24), (2, 32), (1, 64), (1, 136) })
                    foreach (float rate in new[] { 0f, 0.2f })
                        if (Backends.Takes(device, size)) cases.Add(device, heads, size, rate);
            return cases;
        }
    }

    internal static double[] Columns(double[] rows, int width, int first, int count) => [.. Enumerable.Range(0, rows.Length / width).SelectMany(r => rows[(r * width + first)..(r * width + first + count)])];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_and_backward_equal_the_reference(string device, int heads, int size, float rate)
    {
        int[] lengths = [1, 5, 2, 17];
        int hidden = heads * size, tokens = lengths.Sum();
        using IBackend backend = Backends.Create(device);
        using DeviceBatch batch = new(backend, lengths);
        double[] qkv = Numbers.Normal(tokens * 3 * hidden, 1), dcontext = Numbers.Normal(tokens * hidden, 2);
        using GuardedMatrix gqkv = new(backend, tokens, 3 * hidden, qkv), gd = new(backend, tokens, hidden, dcontext), context = new(backend, tokens, hidden), lse = new(backend, heads, tokens), dqkv = new(backend, tokens, 3 * hidden);
        backend.AttentionForward(gqkv, batch.Batch, heads, batch.Mask(rate, 2), context, lse);
        backend.AttentionBackward(gd, gqkv, context, lse, batch.Batch, heads, batch.Mask(rate, 2), dqkv);
        for (int s = 0; s < lengths.Length; s++)
        {
            int n = lengths[s], from = batch.Offsets[s];
            double[] rows = qkv[(from * 3 * hidden)..((from + n) * 3 * hidden)], mask = DeviceBatch.Draws(rate, 2, s, heads * n * n), slope = dcontext[(from * hidden)..((from + n) * hidden)];
            double[] Forward(double[] rows) => Attention.Forward(Columns(rows, 3 * hidden, 0, hidden), Columns(rows, 3 * hidden, hidden, hidden), Columns(rows, 3 * hidden, 2 * hidden, hidden), mask, n, n, hidden, heads);
            Close.Check(Forward(rows), context.Values[(from * hidden)..((from + n) * hidden)], $"context of {s}");
            if (n > 5 && hidden > 24) continue;
            Close.Check(FiniteDifference.Gradient(rows, slope, Forward), dqkv.Values[(from * 3 * hidden)..((from + n) * 3 * hidden)], $"dqkv of {s}");
        }
    }

    [Theory]
    [InlineData(31)]
    [InlineData(33)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(130)]
    [InlineData(512)]
    public void Long_sentences_equal_the_reference_and_have_the_same_bits_in_any_company(int n)
    {
        (int heads, int hidden) = (2, 48);
        double[] qkv = Numbers.Normal(n * 3 * hidden, 1), other = Numbers.Normal(9 * 3 * hidden, 2);
        float[] Run(IBackend backend, int[] lengths, double[] rows)
        {
            using DeviceBatch batch = new(backend, lengths);
            using GuardedMatrix gqkv = new(backend, lengths.Sum(), 3 * hidden, rows), context = new(backend, lengths.Sum(), hidden);
            backend.AttentionForward(gqkv, batch.Batch, heads, default, context, default);
            return context.Floats;
        }
        using CpuBackend one = new(1), three = new(3);
        float[] alone = Run(one, [n], qkv);
        Assert.Equal(alone, Run(three, [9, n], [.. other, .. qkv])[(9 * hidden)..]);
        if (n <= 130) Close.Check(Attention.Forward(Columns(qkv, 3 * hidden, 0, hidden), Columns(qkv, 3 * hidden, hidden, hidden), Columns(qkv, 3 * hidden, 2 * hidden, hidden), [.. Enumerable.Repeat(1.0, heads * n * n)], n, n, hidden, heads), [.. alone.Select(value => (double)value)]);
    }

    [Fact]
    public void The_references_backward_equals_finite_differences()
    {
        (int n, int heads, int hidden) = (5, 2, 16);
        double[] qkv = Numbers.Normal(n * 3 * hidden, 1), dcontext = Numbers.Normal(n * hidden, 2), mask = DeviceBatch.Draws(0.2f, 1, 0, heads * n * n);
        double[] Forward(double[] rows) => Attention.Forward(Columns(rows, 3 * hidden, 0, hidden), Columns(rows, 3 * hidden, hidden, hidden), Columns(rows, 3 * hidden, 2 * hidden, hidden), mask, n, n, hidden, heads);
        Tolerance.FiniteDifferences.Check(Attention.Backward(qkv, dcontext, mask, n, hidden, heads), FiniteDifference.Gradient(qkv, dcontext, Forward));
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Short_and_long_sentences_of_a_batch_have_the_references_gradient(string device)
    {
        int[] lengths = [64, 1, 129, 15, 65, 16, 512, 17, 31, 32, 127, 33, 63, 128];
        (int heads, int hidden, float rate) = (2, 16, 0.2f);
        using IBackend backend = Backends.Create(device);
        using DeviceBatch batch = new(backend, lengths);
        int tokens = lengths.Sum();
        double[] qkv = Numbers.Normal(tokens * 3 * hidden, 1), dcontext = Numbers.Normal(tokens * hidden, 2);
        using GuardedMatrix gqkv = new(backend, tokens, 3 * hidden, qkv), gd = new(backend, tokens, hidden, dcontext), context = new(backend, tokens, hidden), lse = new(backend, heads, tokens), dqkv = new(backend, tokens, 3 * hidden);
        backend.AttentionForward(gqkv, batch.Batch, heads, batch.Mask(rate, 2), context, lse);
        backend.AttentionBackward(gd, gqkv, context, lse, batch.Batch, heads, batch.Mask(rate, 2), dqkv);
        double[] found = dqkv.Values;
        for (int s = 0; s < lengths.Length; s++)
        {
            (int from, int to, int n) = (batch.Offsets[s], batch.Offsets[s + 1], lengths[s]);
            double[] expected = Attention.Backward(qkv[(from * 3 * hidden)..(to * 3 * hidden)], dcontext[(from * hidden)..(to * hidden)], DeviceBatch.Draws(rate, 2, s, heads * n * n), n, hidden, heads);
            Close.Check(expected, found[(from * 3 * hidden)..(to * 3 * hidden)], $"dqkv of {n} tokens");
        }
    }
}
