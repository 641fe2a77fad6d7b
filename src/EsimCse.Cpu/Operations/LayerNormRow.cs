using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu.Operations;

/// <summary>Layer normalisation of one row.</summary>
static class LayerNormRow
{
    /// <summary>Computes z = x + bias + residual; bias and residual may be empty, z may be x.</summary>
    [MethodImpl(Kernel.Options)]
    public static void Add<T>(
        ReadOnlySpan<float> x, ReadOnlySpan<float> bias, ReadOnlySpan<float> residual, Span<float> z)
        where T : unmanaged, ILanes<T>
    {
        ref float firstX = ref MemoryMarshal.GetReference(x);
        ref float firstBias = ref MemoryMarshal.GetReference(bias);
        ref float firstResidual = ref MemoryMarshal.GetReference(residual);
        ref float firstZ = ref MemoryMarshal.GetReference(z);
        int i = 0;
        for (; i <= z.Length - ILanes<T>.Count; i += ILanes<T>.Count)
        {
            T sum = T.Load(ref firstX, i);
            if (!bias.IsEmpty) sum += T.Load(ref firstBias, i);
            if (!residual.IsEmpty) sum += T.Load(ref firstResidual, i);
            sum.Store(ref firstZ, i);
        }
        for (; i < z.Length; i++)
        {
            float sum = x[i];
            if (!bias.IsEmpty) sum += bias[i];
            if (!residual.IsEmpty) sum += residual[i];
            z[i] = sum;
        }
    }

    /// <summary>
    /// Computes normalized = (z − mean z) rstd and y = γ normalized + β, and returns rstd. normalized may be empty or
    /// z, y may be z.
    /// </summary>
    [MethodImpl(Kernel.Options)]
    public static float Normalize<T>(
        ReadOnlySpan<float> z, float epsilon, ReadOnlySpan<float> gamma, ReadOnlySpan<float> beta,
        Span<float> normalized, Span<float> y)
        where T : unmanaged, ILanes<T>
    {
        float mean = VectorMath.Sum<T>(z) / z.Length;
        float rstd = 1 / MathF.Sqrt(SquaredDeviations<T>(z, mean) / z.Length + epsilon);
        ref float firstZ = ref MemoryMarshal.GetReference(z);
        ref float firstGamma = ref MemoryMarshal.GetReference(gamma);
        ref float firstBeta = ref MemoryMarshal.GetReference(beta);
        ref float firstNormalized = ref MemoryMarshal.GetReference(normalized);
        ref float firstY = ref MemoryMarshal.GetReference(y);
        int i = 0;
        for (; i <= z.Length - ILanes<T>.Count; i += ILanes<T>.Count)
        {
            T value = (T.Load(ref firstZ, i) - T.Create(mean)) * T.Create(rstd);
            if (!normalized.IsEmpty) value.Store(ref firstNormalized, i);
            T.MultiplyAdd(value, T.Load(ref firstGamma, i), T.Load(ref firstBeta, i)).Store(ref firstY, i);
        }
        for (; i < z.Length; i++)
        {
            float value = (z[i] - mean) * rstd;
            if (!normalized.IsEmpty) normalized[i] = value;
            y[i] = MathF.FusedMultiplyAdd(value, gamma[i], beta[i]);
        }
        return rstd;
    }

    /// <summary>Returns Σ (z − mean)².</summary>
    [MethodImpl(Kernel.Options)]
    static float SquaredDeviations<T>(ReadOnlySpan<float> z, float mean) where T : unmanaged, ILanes<T>
    {
        ref float first = ref MemoryMarshal.GetReference(z);
        T sums = default;
        int i = 0;
        for (; i <= z.Length - ILanes<T>.Count; i += ILanes<T>.Count)
        {
            T deviation = T.Load(ref first, i) - T.Create(mean);
            sums = T.MultiplyAdd(deviation, deviation, sums);
        }
        float sum = sums.Sum();
        for (; i < z.Length; i++) sum = MathF.FusedMultiplyAdd(z[i] - mean, z[i] - mean, sum);
        return sum;
    }

    /// <summary>
    /// Computes g = γ dy; dz = rstd (g − mean g − normalized mean(g normalized)). dz may be dy.
    /// </summary>
    [MethodImpl(Kernel.Options)]
    public static void Backward<T>(
        ReadOnlySpan<float> dy, ReadOnlySpan<float> gamma, ReadOnlySpan<float> normalized, float rstd, Span<float> dz)
        where T : unmanaged, ILanes<T>
    {
        (float mean, float projection) = Means<T>(dy, gamma, normalized);
        ref float firstDy = ref MemoryMarshal.GetReference(dy);
        ref float firstGamma = ref MemoryMarshal.GetReference(gamma);
        ref float firstNormalized = ref MemoryMarshal.GetReference(normalized);
        ref float firstDz = ref MemoryMarshal.GetReference(dz);
        int i = 0;
        for (; i <= dz.Length - ILanes<T>.Count; i += ILanes<T>.Count)
        {
            T g = T.Load(ref firstDy, i) * T.Load(ref firstGamma, i) - T.Create(mean);
            g = T.MultiplyAdd(T.Load(ref firstNormalized, i), T.Create(-projection), g);
            (g * T.Create(rstd)).Store(ref firstDz, i);
        }
        for (; i < dz.Length; i++)
            dz[i] = MathF.FusedMultiplyAdd(normalized[i], -projection, dy[i] * gamma[i] - mean) * rstd;
    }

    /// <summary>Returns mean g and mean(g normalized) of g = γ dy.</summary>
    [MethodImpl(Kernel.Options)]
    static (float Mean, float Projection) Means<T>(
        ReadOnlySpan<float> dy, ReadOnlySpan<float> gamma, ReadOnlySpan<float> normalized)
        where T : unmanaged, ILanes<T>
    {
        ref float firstDy = ref MemoryMarshal.GetReference(dy);
        ref float firstGamma = ref MemoryMarshal.GetReference(gamma);
        ref float firstNormalized = ref MemoryMarshal.GetReference(normalized);
        T sums = default;
        T projections = default;
        int i = 0;
        for (; i <= dy.Length - ILanes<T>.Count; i += ILanes<T>.Count)
        {
            T g = T.Load(ref firstDy, i) * T.Load(ref firstGamma, i);
            sums += g;
            projections = T.MultiplyAdd(g, T.Load(ref firstNormalized, i), projections);
        }
        float sum = sums.Sum();
        float projection = projections.Sum();
        for (; i < dy.Length; i++)
        {
            float g = dy[i] * gamma[i];
            sum += g;
            projection = MathF.FusedMultiplyAdd(g, normalized[i], projection);
        }
        return (sum / dy.Length, projection / dy.Length);
    }
}
