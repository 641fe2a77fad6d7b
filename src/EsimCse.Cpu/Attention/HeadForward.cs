using System.Runtime.CompilerServices;
using EsimCse.Cpu.Gemm;
using EsimCse.Cpu.Vectors;

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
            float* row = p + (long)i * paddedN;
            Span<float> pRow = new(row, n);
            float lse = Softmax(row, n, arguments.Scale);
            if (arguments.Lse != null) arguments.Lse[rows.Lse + i] = lse;
            arguments.Dropout.Apply(rows.Sentence, rows.MaskElement(i), pRow);
        }

        // o = p v
        SmallGemm.Pack(arguments.V + rows.Key, arguments.KvStride, 1, n, d, v);
        SmallGemm.Multiply(p, paddedN, 1, v, paddedD, o, rows.Queries, n);
        SmallGemm.Unpack(o, rows.Queries, d, arguments.O + rows.Output, arguments.HiddenSize);
    }

    static float Softmax(float* p, int count, float scale) => VectorMath.HasWideRegisters
        ? Softmax<OneRegister>(ref *p, count, scale)
        : Softmax<TwoRegisters>(ref *p, count, scale);

    /// <summary>
    /// Computes p = softmax(scale · scores) in place and returns log Σ exp(scale · scores). The row is padded to whole
    /// vectors; the padding becomes 0.
    /// </summary>
    [MethodImpl(Kernel.Options)]
    static float Softmax<T>(ref float p, int count, float scale) where T : unmanaged, ILanes<T>
    {
        int padded = SmallGemm.Pad(count);
        for (int i = count; i < padded; i++) Unsafe.Add(ref p, i) = float.NegativeInfinity;
        T max = T.Create(float.NegativeInfinity);
        for (int i = 0; i < padded; i += ILanes<T>.Count) max = T.Max(max, T.Load(ref p, i));
        float largest = max.Largest() * scale;
        T sums = default;
        for (int i = 0; i < padded; i += ILanes<T>.Count)
        {
            T e = VectorMath.Exp(T.MultiplyAdd(T.Load(ref p, i), T.Create(scale), T.Create(-largest)));
            e.Store(ref p, i);
            sums += e;
        }
        float sum = sums.Sum();
        for (int i = 0; i < padded; i += ILanes<T>.Count) (T.Load(ref p, i) * T.Create(1 / sum)).Store(ref p, i);
        return largest + MathF.Log(sum);
    }
}
