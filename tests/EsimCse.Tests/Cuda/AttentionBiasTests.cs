using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Tests.Operations;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>The gradients of attention's biases are the sums of the gradients as they are stored, in 16 bits.</summary>
[Collection("cuda")]
public class AttentionBiasTests
{
    const int Heads = 2;

    static readonly int[][] Lengths = [[1, 16, 3], [17, 31, 32, 2], [48, 5, 33], [64, 49, 1], [70, 5, 129]];

    public static TheoryData<int, int> Cases =>
        new(from size in new[] { 24, 32, 64 } from i in Enumerable.Range(0, Lengths.Length) select (size, i));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Of_all_tokens(int size, int lengths)
    {
        using IBackend cuda = Backends.Create(Backends.Cuda);
        using KernelProbe probe = new(cuda, ElementType.BFloat16);
        DeviceBatch batch = probe.Batch(Lengths[lengths]);
        int tokens = batch.Batch.Tokens;
        int hidden = Heads * size;
        DropoutMask mask = batch.Mask(0.2f, 2);
        Matrix qkv = probe.Input(tokens, 3 * hidden, 1);
        Matrix dcontext = probe.Input(tokens, hidden, 2);
        Matrix dbias = probe.Sum(1, 3 * hidden);
        Matrix dqkv = probe.Result(tokens, 3 * hidden);
        Matrix context = probe.Result(tokens, hidden);
        Matrix logSumExp = probe.Fp32Result(Heads, tokens);
        cuda.AttentionForward(qkv, batch.Batch, Heads, mask, context, logSumExp);
        cuda.AttentionBackward(dcontext, qkv, context, logSumExp, batch.Batch, Heads, mask, dqkv, dbias);
        cuda.FinishGradients();
        Check(probe.Results[1].Values, probe.Results[0].Values);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Of_first_tokens(int size, int lengths)
    {
        using IBackend cuda = Backends.Create(Backends.Cuda);
        using KernelProbe probe = new(cuda, ElementType.BFloat16);
        DeviceBatch batch = probe.Batch(Lengths[lengths]);
        int tokens = batch.Batch.Tokens;
        int sentences = batch.Batch.Sentences;
        int hidden = Heads * size;
        DropoutMask mask = batch.Mask(0.2f, 2);
        Matrix q = probe.Input(sentences, hidden, 1);
        Matrix kv = probe.Input(tokens, 2 * hidden, 2);
        Matrix dcontext = probe.Input(sentences, hidden, 3);
        Matrix dbias = probe.Sum(1, 3 * hidden);
        Matrix dq = probe.Result(sentences, hidden);
        Matrix dkv = probe.Result(tokens, 2 * hidden);
        Matrix context = probe.Result(sentences, hidden);
        Matrix logSumExp = probe.Fp32Result(Heads, sentences);
        cuda.ClsAttentionForward(q, kv, batch.Batch, Heads, mask, context, logSumExp);
        cuda.ClsAttentionBackward(dcontext, q, kv, context, logSumExp, batch.Batch, Heads, mask, dq, dkv, dbias);
        cuda.FinishGradients();
        double[] found = probe.Results[0].Values;
        Check(probe.Results[1].Values, found[..hidden]);
        Check(probe.Results[2].Values, found[hidden..]);
    }

    static void Check(double[] gradients, double[] sums)
    {
        Tolerance tolerance = new(1e-5, 1e-5, "sums in fp32");
        tolerance.Check(AttentionCase.AddColumnSums(new double[sums.Length], gradients), sums);
    }
}
