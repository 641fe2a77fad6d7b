using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using EsimCse.Cpu.Gemm;
using EsimCse.Cpu.Operations;

namespace EsimCse.Cpu.Attention;

/// <summary>The gradients of one sentence and head after another; see <see cref="AttentionForward"/>.</summary>
readonly unsafe struct AttentionBackward(AttentionArguments problem) : IRangeBody
{
    public void Run(int from, int to)
    {
        int longest = SmallGemm.Padded(problem.Longest), head = SmallGemm.Padded(problem.HeadSize);
        float* scratch = (float*)NativeMemory.AlignedAlloc((nuint)longest * (nuint)(2 * longest + 6 * head) * sizeof(float), 64);
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
        long kv = (long)first * problem.KvStride + offset;
        float* q = problem.Q + (long)row * problem.QStride + offset, slope = problem.DContext + (long)row * problem.Hidden + offset;
        float* across = scratch, along = across + (long)paddedN * d, result = along + (long)n * paddedD;
        float* p = result + (long)n * paddedD, dp = p + (long)queries * paddedN;

        SmallGemm.Pack(problem.K + kv, 1, problem.KvStride, d, n, across);
        SmallGemm.Multiply(q, problem.QStride, 1, across, paddedN, p, queries, d);
        SmallGemm.Pack(problem.V + kv, 1, problem.KvStride, d, n, across);
        SmallGemm.Multiply(slope, problem.Hidden, 1, across, paddedN, dp, queries, d);
        for (int i = 0; i < queries; i++)
        {
            Span<float> pRow = new(p + (long)i * paddedN, n), dpRow = new(dp + (long)i * paddedN, n);
            float logSumExp = problem.LogSumExp[(long)head * problem.QueryRows + row + i];
            float delta = VectorMath.Dot(new(slope + (long)i * problem.Hidden, d), new(problem.Context + (long)(row + i) * problem.Hidden + offset, d));
            ScoreGradients(sentence, ((long)head * n + i) * n, logSumExp, delta, pRow, dpRow);
        }
        SmallGemm.Pack(slope, problem.Hidden, 1, queries, d, along);
        SmallGemm.Multiply(p, 1, paddedN, along, paddedD, result, n, queries);
        Write(result, paddedD, n, d, problem.DV + kv, problem.KvStride);
        SmallGemm.Pack(q, problem.QStride, 1, queries, d, along);
        SmallGemm.Multiply(dp, 1, paddedN, along, paddedD, result, n, queries);
        Write(result, paddedD, n, d, problem.DK + kv, problem.KvStride);
        SmallGemm.Pack(problem.K + kv, problem.KvStride, 1, n, d, along);
        SmallGemm.Multiply(dp, paddedN, 1, along, paddedD, result, queries, n);
        Write(result, paddedD, queries, d, problem.DQ + (long)row * problem.QStride + offset, problem.QStride);
    }

    /// <summary>p: scores in, P ∘ mask out; dp: gradient of P ∘ mask in, gradient of the unscaled scores out.</summary>
    void ScoreGradients(int sentence, long element, float logSumExp, float delta, Span<float> p, Span<float> dp)
    {
        TensorPrimitives.Multiply(p, problem.Scale, p);
        TensorPrimitives.Subtract(p, logSumExp, p);
        TensorPrimitives.Exp(p, p);
        problem.Draws.Apply(sentence, element, dp);
        TensorPrimitives.Subtract(dp, delta, dp);
        TensorPrimitives.Multiply(dp, p, dp);
        TensorPrimitives.Multiply(dp, problem.Scale, dp);
        problem.Draws.Apply(sentence, element, p);
    }

    static void Write(float* result, int padded, int rows, int columns, float* target, int stride)
    {
        for (int r = 0; r < rows; r++)
            new ReadOnlySpan<float>(result + (long)r * padded, columns).CopyTo(new Span<float>(target + (long)r * stride, columns));
    }
}
