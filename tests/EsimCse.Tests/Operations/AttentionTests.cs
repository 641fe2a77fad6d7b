using EsimCse.Cpu;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class AttentionTests
{
    static readonly int[] Lengths = [1, 5, 2, 17];

    /// <summary>Backend, heads, head size, dropout rate; all but representative rows are marked exhaustive.</summary>
    public static TheoryData<string, int, int, float> Cases
    {
        get
        {
            TheoryData<string, int, int, float> cases = [];
            foreach (string device in Backends.Names)
                foreach ((int heads, int size) in new[] { (1, 1), (3, 8), (2, 24), (2, 32), (1, 64), (1, 136) })
                    foreach (float rate in new[] { 0f, 0.2f })
                    {
                        if (!Backends.SupportsWidth(device, size)) continue;
                        TheoryDataRow<string, int, int, float> row = new(device, heads, size, rate);
                        cases.Add(IsRepresentative(device, size, rate) ? row : TestCategory.MarkExhaustive(row));
                    }
            return cases;
        }
    }

    static bool IsRepresentative(string device, int headSize, float rate)
    {
        if (device == "cpu-1") return headSize == 24 && rate == 0;
        return headSize is 1 or 8 or 32 or 64 && rate > 0;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_and_backward_equal_the_reference(string device, int heads, int size, float rate)
    {
        using AttentionCase attention = new(Backends.Create(device), Lengths, heads, size, rate);
        attention.Run();
        for (int s = 0; s < Lengths.Length; s++)
        {
            double[] context = attention.SentenceContext(s);
            AttentionCase.Tolerance.Check(attention.ExpectedContext(s), context, $"context of {s}");
            bool isSlow = Lengths[s] > 5 && heads * size > 24;
            if (isSlow) continue;
            AttentionCase.Tolerance.Check(attention.DifferenceDqkv(s), attention.SentenceDqkv(s), $"dqkv of {s}");
        }
        AttentionCase.Tolerance.Check(attention.ExpectedDbias(), attention.Dbias.Values, "dbias");
    }

    [Theory]
    [InlineData("cpu-1", Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData("cpu-3")]
    [InlineData("cuda")]
    public void Gradients_of_short_and_long_sentences_in_one_batch_equal_the_reference(string device)
    {
        int[] lengths = [64, 1, 129, 15, 65, 16, 512, 17, 31, 32, 127, 33, 63, 128];
        using AttentionCase attention = new(Backends.Create(device), lengths, heads: 2, headSize: 8, rate: 0.2f);
        attention.Run();
        for (int s = 0; s < lengths.Length; s++)
            AttentionCase.Tolerance.Check(
                attention.ExpectedDqkv(s), attention.SentenceDqkv(s), $"dqkv of {lengths[s]} tokens");
        AttentionCase.Tolerance.Check(attention.ExpectedDbias(), attention.Dbias.Values, "dbias");
    }

    [Theory]
    [InlineData(31)]
    [InlineData(33)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(130)]
    [InlineData(512)]
    public void Context_of_a_sentence_is_independent_of_its_batch_and_of_threads(int n)
    {
        const int heads = 2;
        const int hidden = 48;
        double[] qkv = Numbers.Normal(n * 3 * hidden, 1);
        double[] other = Numbers.Normal(9 * 3 * hidden, 2);
        float[] alone = Context(threads: 1, [n], qkv);
        float[] batched = Context(threads: 3, [9, n], [.. other, .. qkv]);
        Assert.Equal(alone, batched[(9 * hidden)..]);
        if (n > 130) return;
        double[] withoutDropout = [.. Enumerable.Repeat(1.0, heads * n * n)];
        double[] expected = Attention.Forward(qkv, withoutDropout, n, hidden, heads);
        AttentionCase.Tolerance.Check(expected, [.. alone.Select(value => (double)value)]);

        static float[] Context(int threads, int[] lengths, double[] qkv)
        {
            using CpuBackend backend = new(threads);
            using DeviceBatch batch = new(backend, lengths);
            using GuardedMatrix deviceQkv = new(backend, lengths.Sum(), 3 * hidden, qkv);
            using GuardedMatrix context = new(backend, lengths.Sum(), hidden);
            backend.AttentionForward(deviceQkv, batch.Batch, heads, default, context, default);
            return context.Floats;
        }
    }

    [Fact]
    public void The_reference_gradient_equals_finite_differences()
    {
        using AttentionCase attention = new(new CpuBackend(1), [5], heads: 2, headSize: 8, rate: 0.2f);
        Tolerance.FiniteDifferences.Check(attention.ExpectedDqkv(0), attention.DifferenceDqkv(0));
    }
}
