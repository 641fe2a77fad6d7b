using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using EsimCse.Cpu.Gemm;
using EsimCse.Cpu.Operations;

namespace EsimCse.Cpu.Attention;

/// <summary>One sentence and head after another; a part takes every so-many-th, so that long sentences spread over the parts.</summary>
readonly unsafe struct AttentionForward(AttentionArguments problem) : IRangeBody
{
    public void Run(int from, int to)
    {
        int longest = SmallGemm.Padded(problem.Longest), head = SmallGemm.Padded(problem.HeadSize);
        float* scratch = (float*)NativeMemory.AlignedAlloc((nuint)longest * (nuint)(2 * longest + 3 * head) * sizeof(float), 64);
        for (int part = from; part < to; part++)
            for (int item = part; item < problem.Items; item += problem.Parts)
                Run(item / problem.Heads, item % problem.Heads, scratch);
        NativeMemory.AlignedFree(scratch);
    }

    void Run(int sentence, int head, float* scratch)
    {
        int first = problem.Offsets[sentence], n = problem.Offsets[sentence + 1] - first, d = problem.HeadSize;
        int queries = problem.FirstTokenOnly ? 1 : n, row = problem.FirstTokenOnly ? sentence : first;
        int paddedN = SmallGemm.Padded(n), paddedD = SmallGemm.Padded(d), offset = head * d;
        float* keys = scratch, values = keys + (long)paddedN * d, scores = values + (long)n * paddedD, context = scores + (long)n * paddedN;

        SmallGemm.Pack(problem.K + (long)first * problem.KvStride + offset, 1, problem.KvStride, d, n, keys);
        SmallGemm.Pack(problem.V + (long)first * problem.KvStride + offset, problem.KvStride, 1, n, d, values);
        SmallGemm.Multiply(problem.Q + (long)row * problem.QStride + offset, problem.QStride, 1, keys, paddedN, scores, queries, d);
        for (int q = 0; q < queries; q++)
        {
            Span<float> p = new(scores + (long)q * paddedN, n);
            float logSumExp = Softmax(p, problem.Scale);
            if (problem.LogSumExp != null) problem.LogSumExp[(long)head * problem.QueryRows + row + q] = logSumExp;
            problem.Draws.Apply(sentence, ((long)head * n + q) * n, p);
        }
        SmallGemm.Multiply(scores, paddedN, 1, values, paddedD, context, queries, n);
        for (int q = 0; q < queries; q++)
            new ReadOnlySpan<float>(context + (long)q * paddedD, d).CopyTo(new Span<float>(problem.Context + (long)(row + q) * problem.Hidden + offset, d));
    }

    /// <summary>p = softmax(scale · p); what comes back is the logarithm of its sum of exponentials.</summary>
    static float Softmax(Span<float> p, float scale)
    {
        TensorPrimitives.Multiply(p, scale, p);
        float largest = TensorPrimitives.Max(p);
        TensorPrimitives.Subtract(p, largest, p);
        TensorPrimitives.Exp(p, p);
        float sum = VectorMath.Sum(p);
        TensorPrimitives.Multiply(p, 1 / sum, p);
        return largest + MathF.Log(sum);
    }
}
