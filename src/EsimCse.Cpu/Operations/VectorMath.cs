using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace EsimCse.Cpu.Operations;

/// <summary>
/// Vector functions with a fixed order of additions: 16 lanes, then their sum, then the rest one by one. The order
/// depends on the length only, so the bits do not depend on the processor's vector width.
/// </summary>
/// <remarks>
/// Functions of one element are as wide as the processor's vectors: wider ones are calls where the compiler has not
/// inlined the halves.
/// </remarks>
static class VectorMath
{
    const int Lanes = 16;
    const int HalfLanes = Lanes / 2;

    /// <summary>Returns a vector of elements from i on, zeros past the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Load(ReadOnlySpan<float> source, int i) =>
        i <= source.Length - Vector<float>.Count ? new Vector<float>(source[i..]) : LoadTail(source[i..]);

    /// <summary>Writes a vector of elements from i on, none past the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector<float> values, Span<float> target, int i)
    {
        if (i <= target.Length - Vector<float>.Count) values.CopyTo(target[i..]);
        else StoreTail(values, target[i..]);
    }

    static Vector<float> LoadTail(ReadOnlySpan<float> source)
    {
        Span<float> padded = stackalloc float[Vector<float>.Count];
        padded.Clear();
        source.CopyTo(padded);
        return new Vector<float>(padded);
    }

    static void StoreTail(Vector<float> values, Span<float> target)
    {
        for (int lane = 0; lane < target.Length; lane++) target[lane] = values[lane];
    }

    /// <summary>Returns Σ x.</summary>
    public static float Sum(ReadOnlySpan<float> x)
    {
        Vector256<float> lower = default;
        Vector256<float> upper = default;
        int i = 0;
        for (; i <= x.Length - Lanes; i += Lanes)
        {
            lower += Vector256.Create(x.Slice(i, HalfLanes));
            upper += Vector256.Create(x.Slice(i + HalfLanes, HalfLanes));
        }
        float sum = Vector512.Sum(Vector512.Create(lower, upper));
        for (; i < x.Length; i++) sum += x[i];
        return sum;
    }

    /// <summary>Returns Σ x y.</summary>
    public static float Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        Vector256<float> lower = default;
        Vector256<float> upper = default;
        int i = 0;
        for (; i <= x.Length - Lanes; i += Lanes)
        {
            lower = MultiplyAdd(x, y, i, lower);
            upper = MultiplyAdd(x, y, i + HalfLanes, upper);
        }
        float sum = Vector512.Sum(Vector512.Create(lower, upper));
        for (; i < x.Length; i++) sum = MathF.FusedMultiplyAdd(x[i], y[i], sum);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> MultiplyAdd(ReadOnlySpan<float> x, ReadOnlySpan<float> y, int i, Vector256<float> sums) =>
        Vector256.FusedMultiplyAdd(
            Vector256.Create(x.Slice(i, HalfLanes)), Vector256.Create(y.Slice(i, HalfLanes)), sums);

    /// <summary>Computes y += scale · x.</summary>
    public static void AddScaled(ReadOnlySpan<float> x, float scale, Span<float> y) =>
        TensorPrimitives.FusedMultiplyAdd(x, scale, y, y);

    /// <summary>
    /// Returns Φ(x), the standard normal distribution function; computed from erfc, small values keep their digits.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> NormalCdf(Vector<float> x)
    {
        Vector<float> one = Vector<float>.One;
        Vector<float> z = Vector.Abs(x) * 0.70710678f;
        Vector<float> tail = 0.5f * Erfcx(z) * Vector.Exp(-z * z);
        return Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), tail, one - tail);
    }

    /// <summary>Returns φ(x), the standard normal density.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> NormalPdf(Vector<float> x) => 0.39894228f * Vector.Exp(-0.5f * x * x);

    /// <summary>
    /// Returns σ(x) = 1 / (1 + exp(−x)); computed from exp(−|x|), it does not overflow and small values keep their
    /// digits.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Sigmoid(Vector<float> x)
    {
        Vector<float> one = Vector<float>.One;
        Vector<float> e = Vector.Exp(-Vector.Abs(x));
        return Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), e, one) / (one + e);
    }

    /// <summary>Returns σ′(x) = σ(x) σ(−x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> SigmoidSlope(Vector<float> x)
    {
        Vector<float> e = Vector.Exp(-Vector.Abs(x));
        Vector<float> sum = Vector<float>.One + e;
        return e / (sum * sum);
    }

    /// <summary>
    /// Returns tanh x: from |x| = 0.625 on 1 − 2 / (exp 2|x| + 1) with the sign of x, below it the odd polynomial of
    /// degree 11 of Moshier's Cephes library (tanhf).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Tanh(Vector<float> x)
    {
        Vector<float> one = Vector<float>.One;
        Vector<float> magnitude = Vector.Abs(x);
        Vector<float> large = one - 2 * one / (Vector.Exp(2 * magnitude) + one);
        Vector<float> z = x * x;
        Vector<float> p = Vector.Create(-5.70498872745e-3f);
        p = Vector.FusedMultiplyAdd(p, z, Vector.Create(2.06390887954e-2f));
        p = Vector.FusedMultiplyAdd(p, z, Vector.Create(-5.37397155531e-2f));
        p = Vector.FusedMultiplyAdd(p, z, Vector.Create(1.33314422036e-1f));
        p = Vector.FusedMultiplyAdd(p, z, Vector.Create(-3.33332819422e-1f));
        Vector<float> small = Vector.FusedMultiplyAdd(p * z, x, x);
        Vector<int> isSmall = Vector.LessThan(magnitude, Vector.Create(0.625f));
        return Vector.ConditionalSelect(isSmall, small, Vector.CopySign(large, x));
    }

    /// <summary>
    /// Returns erfcx(z) = erfc(z) exp(z²) for z ≥ 0: t times a polynomial of degree 8 in t = 1 / (1 + z / 2),
    /// interpolated at the Chebyshev nodes of 0 ≤ z ≤ 9.5. Relative error before rounding: at most 6.3e-8.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector<float> Erfcx(Vector<float> z)
    {
        Vector<float> t = Vector<float>.One / (Vector<float>.One + 0.5f * z);
        Vector<float> p = Vector.Create(-0.059338126f);
        p = Vector.FusedMultiplyAdd(p, t, Vector.Create(0.28597968f));
        p = Vector.FusedMultiplyAdd(p, t, Vector.Create(-0.49027605f));
        p = Vector.FusedMultiplyAdd(p, t, Vector.Create(0.28174219f));
        p = Vector.FusedMultiplyAdd(p, t, Vector.Create(-0.029231098f));
        p = Vector.FusedMultiplyAdd(p, t, Vector.Create(0.20380226f));
        p = Vector.FusedMultiplyAdd(p, t, Vector.Create(0.24282409f));
        p = Vector.FusedMultiplyAdd(p, t, Vector.Create(0.28241261f));
        p = Vector.FusedMultiplyAdd(p, t, Vector.Create(0.28208440f));
        return p * t;
    }
}
