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
        float* lse = arguments.Lse == null ? null : arguments.Lse + rows.Lse;
        if (VectorMath.HasWideRegisters) Softmax<OneRegister>(p, rows.Queries, n, arguments.Scale, lse);
        else Softmax<TwoRegisters>(p, rows.Queries, n, arguments.Scale, lse);
        for (int i = 0; i < rows.Queries && arguments.Dropout.IsActive; i++)
            arguments.Dropout.Apply(rows.Sentence, rows.MaskElement(i), new Span<float>(p + (long)i * paddedN, n));

        // o = p v
        SmallGemm.Pack(arguments.V + rows.Key, arguments.KvStride, 1, n, d, v);
        SmallGemm.Multiply(p, paddedN, 1, v, paddedD, o, rows.Queries, n);
        SmallGemm.Unpack(o, rows.Queries, d, arguments.O + rows.Output, arguments.HiddenSize);
    }

    /// <summary>
    /// Computes p = softmax(scale · scores) in place and lse = log Σ exp(scale · scores), unless that is null, for each
    /// row. Rows are padded to whole vectors with finite scores; the padding becomes 0.
    /// </summary>
    [MethodImpl(Kernel.Options)]
    static void Softmax<T>(float* p, int rows, int count, float scale, float* lse) where T : unmanaged, ILanes<T>
    {
        int padded = SmallGemm.Pad(count);
        float* lowest = stackalloc float[ILanes<T>.Count];
        for (int i = 0; i < ILanes<T>.Count; i++)
            lowest[i] = padded - ILanes<T>.Count + i < count ? 0 : float.NegativeInfinity;
        T padding = T.Load(ref *lowest, 0);
        for (int row = 0; row < rows; row++, p += padded)
        {
            (float largest, float sum) = Exponentials(ref *p, padded, scale, padding);
            T factor = T.Create(1 / sum);
            for (int i = 0; i < padded; i += ILanes<T>.Count) (T.Load(ref *p, i) * factor).Store(ref *p, i);
            if (lse != null) lse[row] = largest + MathF.Log(sum);
        }
    }

    /// <summary>
    /// Computes p = exp(scale · scores − largest) in place, and returns the largest and the sum. The padding is added
    /// to the last scores.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static (float Largest, float Sum) Exponentials<T>(ref float p, int padded, float scale, T padding)
        where T : unmanaged, ILanes<T>
    {
        int last = padded - ILanes<T>.Count;
        T lastScores = T.Load(ref p, last) + padding;
        T max = lastScores;
        for (int i = 0; i < last; i += ILanes<T>.Count) max = T.Max(max, T.Load(ref p, i));
        float largest = max.Largest() * scale;
        T sums = VectorMath.Exp(T.MultiplyAdd(lastScores, T.Create(scale), T.Create(-largest)));
        sums.Store(ref p, last);
        for (int i = 0; i < last; i += ILanes<T>.Count)
        {
            T e = VectorMath.Exp(T.MultiplyAdd(T.Load(ref p, i), T.Create(scale), T.Create(-largest)));
            e.Store(ref p, i);
            sums += e;
        }
        return (largest, sums.Sum());
    }
}
