using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EsimCse.Cpu.Gemm;
using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu.Attention;

/// <summary>
/// Backward of one sentence and head. p is computed again from q, k and lse; delta = Σ dout ∘ o;
/// ds = p ∘ ((dout vᵀ) ∘ mask − delta) / √d; dv = (p ∘ mask)ᵀ dout; dk = dsᵀ q; dq = ds k.
/// </summary>
static unsafe class HeadBackward
{
    /// <summary>Returns the number of floats that <see cref="Run"/> needs for the longest sentence.</summary>
    public static long ScratchLength(in AttentionArguments arguments)
    {
        long tokens = SmallGemm.Pad(arguments.LongestSentence);
        return tokens * (2 * tokens + 3 * SmallGemm.Pad(arguments.HeadSize));
    }

    public static void Run(in AttentionArguments arguments, in HeadRows rows, float* scratch)
    {
        int n = rows.Tokens;
        int queries = rows.Queries;
        int d = arguments.HeadSize;
        int qStride = arguments.QStride;
        int kvStride = arguments.KvStride;
        int outStride = arguments.HiddenSize;
        int paddedN = rows.PaddedTokens;
        int paddedD = rows.PaddedSize;
        float* q = arguments.Q + rows.Query;
        float* k = arguments.K + rows.Key;
        float* dout = arguments.DOut + rows.Output;
        float* transposed = scratch; // [d, n]
        float* packed = transposed + (long)d * paddedN; // [n, d]
        float* product = packed + (long)n * paddedD; // [n, d]
        float* p = product + (long)n * paddedD; // [queries, n]
        float* ds = p + (long)queries * paddedN; // [queries, n]

        // scores = q kᵀ and dp = dout vᵀ, then p and ds in their place
        SmallGemm.Pack(k, 1, kvStride, d, n, transposed);
        SmallGemm.Multiply(q, qStride, 1, transposed, paddedN, p, queries, d);
        SmallGemm.Pack(arguments.V + rows.Key, 1, kvStride, d, n, transposed);
        SmallGemm.Multiply(dout, outStride, 1, transposed, paddedN, ds, queries, d);
        for (int i = 0; i < queries; i++)
            ScoreGradients(arguments, rows, i, new(p + (long)i * paddedN, n), new(ds + (long)i * paddedN, n));

        // dv = pᵀ dout
        SmallGemm.Pack(dout, outStride, 1, queries, d, packed);
        SmallGemm.Multiply(p, 1, paddedN, packed, paddedD, product, n, queries);
        SmallGemm.Unpack(product, n, d, arguments.DV + rows.Key, kvStride);

        // dk = dsᵀ q
        SmallGemm.Pack(q, qStride, 1, queries, d, packed);
        SmallGemm.Multiply(ds, 1, paddedN, packed, paddedD, product, n, queries);
        SmallGemm.Unpack(product, n, d, arguments.DK + rows.Key, kvStride);

        // dq = ds k
        SmallGemm.Pack(k, kvStride, 1, n, d, packed);
        SmallGemm.Multiply(ds, paddedN, 1, packed, paddedD, product, queries, n);
        SmallGemm.Unpack(product, queries, d, arguments.DQ + rows.Query, qStride);
    }

    /// <summary>Replaces scores by p ∘ mask and dp = dout vᵀ by ds, for one query.</summary>
    static void ScoreGradients(
        in AttentionArguments arguments, in HeadRows rows, int query, Span<float> p, Span<float> ds)
    {
        long element = rows.MaskElement(query);
        long output = rows.Output + (long)query * arguments.HiddenSize;
        ReadOnlySpan<float> o = new(arguments.O + output, arguments.HeadSize);
        ReadOnlySpan<float> dout = new(arguments.DOut + output, arguments.HeadSize);
        float delta = VectorMath.Dot(dout, o);

        arguments.Dropout.Apply(rows.Sentence, element, ds);
        float lse = arguments.Lse[rows.Lse + query];
        ref float first = ref MemoryMarshal.GetReference(p);
        ref float firstDs = ref MemoryMarshal.GetReference(ds);
        float scale = arguments.Scale;
        if (VectorMath.HasWideRegisters)
            ScoreGradients<OneRegister>(scale, lse, delta, p.Length, ref first, ref firstDs);
        else ScoreGradients<TwoRegisters>(scale, lse, delta, p.Length, ref first, ref firstDs);
        arguments.Dropout.Apply(rows.Sentence, element, p);
    }

    /// <summary>
    /// Computes p = exp(scale · scores − lse) and ds = p (dp − delta) scale in their places, in whole vectors: the rows
    /// are padded.
    /// </summary>
    [MethodImpl(Kernel.Options)]
    static void ScoreGradients<T>(float scale, float lse, float delta, int count, ref float p, ref float ds)
        where T : unmanaged, ILanes<T>
    {
        for (int i = 0; i < count; i += ILanes<T>.Count)
        {
            T probability = VectorMath.Exp(T.MultiplyAdd(T.Load(ref p, i), T.Create(scale), T.Create(-lse)));
            T gradient = (T.Load(ref ds, i) - T.Create(delta)) * probability * T.Create(scale);
            probability.Store(ref p, i);
            gradient.Store(ref ds, i);
        }
    }
}
