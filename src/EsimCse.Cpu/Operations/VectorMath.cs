using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace EsimCse.Cpu.Operations;

/// <summary>
/// Vector functions with a fixed order of additions: 16 lanes, then their sum, then the rest one by one. The order
/// depends on the length only, so the bits do not depend on the processor's vector width.
/// </summary>
static class VectorMath
{
    /// <summary>Elements of a vector.</summary>
    public const int Lanes = 16;

    /// <summary>Returns 16 elements from i on, zeros past the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(ReadOnlySpan<float> source, int i) =>
        i <= source.Length - Lanes ? Vector512.Create(source.Slice(i, Lanes)) : LoadTail(source[i..]);

    /// <summary>Writes 16 elements from i on, none past the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> values, Span<float> target, int i)
    {
        if (i <= target.Length - Lanes) values.CopyTo(target[i..]);
        else StoreTail(values, target[i..]);
    }

    static Vector512<float> LoadTail(ReadOnlySpan<float> source)
    {
        Span<float> padded = stackalloc float[Lanes];
        padded.Clear();
        source.CopyTo(padded);
        return Vector512.Create((ReadOnlySpan<float>)padded);
    }

    static void StoreTail(Vector512<float> values, Span<float> target)
    {
        for (int lane = 0; lane < target.Length; lane++) target[lane] = values[lane];
    }

    /// <summary>Returns Σ x.</summary>
    public static float Sum(ReadOnlySpan<float> x)
    {
        Vector512<float> sums = default;
        int i = 0;
        for (; i <= x.Length - Lanes; i += Lanes) sums += Vector512.Create(x.Slice(i, Lanes));
        float sum = Vector512.Sum(sums);
        for (; i < x.Length; i++) sum += x[i];
        return sum;
    }

    /// <summary>Returns Σ x y.</summary>
    public static float Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        Vector512<float> sums = default;
        int i = 0;
        for (; i <= x.Length - Lanes; i += Lanes)
        {
            Vector512<float> xLanes = Vector512.Create(x.Slice(i, Lanes));
            Vector512<float> yLanes = Vector512.Create(y.Slice(i, Lanes));
            sums = Vector512.FusedMultiplyAdd(xLanes, yLanes, sums);
        }
        float sum = Vector512.Sum(sums);
        for (; i < x.Length; i++) sum = MathF.FusedMultiplyAdd(x[i], y[i], sum);
        return sum;
    }

    /// <summary>Computes y += scale · x.</summary>
    public static void AddScaled(ReadOnlySpan<float> x, float scale, Span<float> y) =>
        TensorPrimitives.FusedMultiplyAdd(x, scale, y, y);

    /// <summary>
    /// Returns Φ(x), the standard normal distribution function; computed from erfc, small values keep their digits.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> NormalCdf(Vector512<float> x)
    {
        Vector512<float> one = Vector512<float>.One;
        Vector512<float> z = Vector512.Abs(x) * 0.70710678f;
        Vector512<float> tail = 0.5f * Erfcx(z) * Vector512.Exp(-z * z);
        return Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512<float>.Zero), tail, one - tail);
    }

    /// <summary>Returns φ(x), the standard normal density.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> NormalPdf(Vector512<float> x) => 0.39894228f * Vector512.Exp(-0.5f * x * x);

    /// <summary>
    /// Returns σ(x) = 1 / (1 + exp(−x)); computed from exp(−|x|), it does not overflow and small values keep their
    /// digits.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sigmoid(Vector512<float> x)
    {
        Vector512<float> one = Vector512<float>.One;
        Vector512<float> e = Vector512.Exp(-Vector512.Abs(x));
        return Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512<float>.Zero), e, one) / (one + e);
    }

    /// <summary>Returns σ′(x) = σ(x) σ(−x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> SigmoidSlope(Vector512<float> x)
    {
        Vector512<float> e = Vector512.Exp(-Vector512.Abs(x));
        Vector512<float> sum = Vector512<float>.One + e;
        return e / (sum * sum);
    }

    /// <summary>
    /// Returns tanh x: from |x| = 0.625 on 1 − 2 / (exp 2|x| + 1) with the sign of x, below it the odd polynomial of
    /// degree 11 of Moshier's Cephes library (tanhf).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Tanh(Vector512<float> x)
    {
        Vector512<float> one = Vector512<float>.One;
        Vector512<float> magnitude = Vector512.Abs(x);
        Vector512<float> large = one - 2 * one / (Vector512.Exp(2 * magnitude) + one);
        Vector512<float> z = x * x;
        Vector512<float> p = Vector512.Create(-5.70498872745e-3f);
        p = Vector512.FusedMultiplyAdd(p, z, Vector512.Create(2.06390887954e-2f));
        p = Vector512.FusedMultiplyAdd(p, z, Vector512.Create(-5.37397155531e-2f));
        p = Vector512.FusedMultiplyAdd(p, z, Vector512.Create(1.33314422036e-1f));
        p = Vector512.FusedMultiplyAdd(p, z, Vector512.Create(-3.33332819422e-1f));
        Vector512<float> small = Vector512.FusedMultiplyAdd(p * z, x, x);
        Vector512<float> isSmall = Vector512.LessThan(magnitude, Vector512.Create(0.625f));
        return Vector512.ConditionalSelect(isSmall, small, Vector512.CopySign(large, x));
    }

    /// <summary>
    /// Returns erfcx(z) = erfc(z) exp(z²) for z ≥ 0: t times a polynomial of degree 8 in t = 1 / (1 + z / 2),
    /// interpolated at the Chebyshev nodes of 0 ≤ z ≤ 9.5. Relative error before rounding: at most 6.3e-8.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<float> Erfcx(Vector512<float> z)
    {
        Vector512<float> t = Vector512<float>.One / (Vector512<float>.One + 0.5f * z);
        Vector512<float> p = Vector512.Create(-0.059338126f);
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(0.28597968f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(-0.49027605f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(0.28174219f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(-0.029231098f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(0.20380226f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(0.24282409f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(0.28241261f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(0.28208440f));
        return p * t;
    }
}
