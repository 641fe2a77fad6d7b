using System.Numerics.Tensors;
using EsimCse.Cpu.Gemm;
using EsimCse.Cpu.Operations;

namespace EsimCse.Cpu.Attention;

/// <summary>
/// Forward of one sentence and head: p = softmax(q kᵀ / √d); o = (p ∘ mask) v; lse = log Σ exp(q kᵀ / √d).
/// </summary>
static unsafe class HeadForward
{
    /// <summary>Returns the number of floats that <see cref="Run"/> needs for the longest sentence.</summary>
    public static long ScratchLength(in AttentionArguments arguments)
    {
        long tokens = SmallGemm.Pad(arguments.LongestSentence);
        return tokens * (tokens + 3 * SmallGemm.Pad(arguments.HeadSize));
    }

    public static void Run(in AttentionArguments arguments, in HeadRows rows, float* scratch)
    {
        int n = rows.Tokens;
        int d = arguments.HeadSize;
        int paddedN = rows.PaddedTokens;
        int paddedD = rows.PaddedSize;
        float* q = arguments.Q + rows.Query;
        float* kTransposed = scratch; // [d, n]
        float* v = kTransposed + (long)d * paddedN; // [n, d]
        float* p = v + (long)n * paddedD; // [queries, n]
        float* o = p + (long)rows.Queries * paddedN; // [queries, d]

        // scores = q kᵀ
        SmallGemm.Pack(arguments.K + rows.Key, 1, arguments.KvStride, d, n, kTransposed);
        SmallGemm.Multiply(q, arguments.QStride, 1, kTransposed, paddedN, p, rows.Queries, d);

        // p = softmax(scores / √d) ∘ mask
        for (int i = 0; i < rows.Queries; i++)
        {
            Span<float> pRow = new(p + (long)i * paddedN, n);
            float lse = Softmax(pRow, arguments.Scale);
            if (arguments.Lse != null) arguments.Lse[rows.Lse + i] = lse;
            arguments.Dropout.Apply(rows.Sentence, rows.MaskElement(i), pRow);
        }

        // o = p v
        SmallGemm.Pack(arguments.V + rows.Key, arguments.KvStride, 1, n, d, v);
        SmallGemm.Multiply(p, paddedN, 1, v, paddedD, o, rows.Queries, n);
        SmallGemm.Unpack(o, rows.Queries, d, arguments.O + rows.Output, arguments.HiddenSize);
    }

    /// <summary>Computes p = softmax(scale · scores) in place and returns log Σ exp(scale · scores).</summary>
    static float Softmax(Span<float> p, float scale)
    {
        TensorPrimitives.Multiply(p, scale, p);
        float max = TensorPrimitives.Max(p);
        TensorPrimitives.Subtract(p, max, p);
        TensorPrimitives.Exp(p, p);
        float sum = VectorMath.Sum(p);
        TensorPrimitives.Multiply(p, 1 / sum, p);
        return max + MathF.Log(sum);
    }
}
