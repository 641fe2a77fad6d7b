using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace EsimCse.Cpu.Vectors;

/// <summary>
/// Functions of lanes, and of rows in the processor's width. Additions have a fixed order: 16 lanes, then their sum,
/// then the rest one by one.
/// </summary>
static class VectorMath
{
    const int Lanes = ILanes<OneRegister>.Count;

    /// <summary>Whether <see cref="OneRegister"/> is one: elsewhere its operations are calls.</summary>
    public static bool HasWideRegisters => Vector512.IsHardwareAccelerated;

    /// <summary>Returns elements from i on, zeros past the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Load<T>(ReadOnlySpan<float> source, int i) where T : unmanaged, ILanes<T> =>
        i <= source.Length - Lanes
            ? T.Load(ref MemoryMarshal.GetReference(source), i)
            : LoadTail<T>(source[i..]);

    /// <summary>Writes elements from i on, none past the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<T>(T values, Span<float> target, int i) where T : unmanaged, ILanes<T>
    {
        if (i <= target.Length - Lanes) values.Store(ref MemoryMarshal.GetReference(target), i);
        else StoreTail(values, target[i..]);
    }

    static T LoadTail<T>(ReadOnlySpan<float> source) where T : unmanaged, ILanes<T>
    {
        Span<float> padded = stackalloc float[Lanes];
        padded.Clear();
        source.CopyTo(padded);
        return T.Load(ref padded[0], 0);
    }

    static void StoreTail<T>(T values, Span<float> target) where T : unmanaged, ILanes<T>
    {
        Span<float> padded = stackalloc float[Lanes];
        values.Store(ref padded[0], 0);
        padded[..target.Length].CopyTo(target);
    }

    /// <summary>Returns Σ x.</summary>
    public static float Sum(ReadOnlySpan<float> x) => HasWideRegisters ? Sum<OneRegister>(x) : Sum<TwoRegisters>(x);

    /// <summary>Returns Σ x y.</summary>
    public static float Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y) =>
        HasWideRegisters ? Dot<OneRegister>(x, y) : Dot<TwoRegisters>(x, y);

    /// <summary>Returns Σ x.</summary>
    [MethodImpl(Kernel.Options)]
    public static float Sum<T>(ReadOnlySpan<float> x) where T : unmanaged, ILanes<T>
    {
        ref float first = ref MemoryMarshal.GetReference(x);
        T sums = default;
        int i = 0;
        for (; i <= x.Length - Lanes; i += Lanes) sums += T.Load(ref first, i);
        float sum = sums.Sum();
        for (; i < x.Length; i++) sum += x[i];
        return sum;
    }

    /// <summary>Returns Σ x y.</summary>
    [MethodImpl(Kernel.Options)]
    public static float Dot<T>(ReadOnlySpan<float> x, ReadOnlySpan<float> y) where T : unmanaged, ILanes<T>
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(y.Length, x.Length);
        ref float firstX = ref MemoryMarshal.GetReference(x);
        ref float firstY = ref MemoryMarshal.GetReference(y);
        T sums = default;
        int i = 0;
        for (; i <= x.Length - Lanes; i += Lanes)
            sums = T.MultiplyAdd(T.Load(ref firstX, i), T.Load(ref firstY, i), sums);
        float sum = sums.Sum();
        for (; i < x.Length; i++) sum = MathF.FusedMultiplyAdd(x[i], y[i], sum);
        return sum;
    }

    /// <summary>Computes y += scale · x.</summary>
    public static void AddScaled(ReadOnlySpan<float> x, float scale, Span<float> y) =>
        TensorPrimitives.FusedMultiplyAdd(x, scale, y, y);

    /// <summary>
    /// Returns eˣ for x up to 88.3, and e^88.3 beyond; 0 below −87.3, where it is not normal. NaN remains NaN.
    /// </summary>
    /// <remarks>
    /// eˣ = 2ⁿ eʳ with n = round(x / ln 2) and the polynomial for eʳ of Moshier's Cephes library (expf). Relative
    /// error: at most 2⁻²³.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Exp<T>(T x) where T : unmanaged, ILanes<T>
    {
        // Adding it rounds to whole numbers, in the lowest bits of the sum.
        T rounding = T.Create(12582912f);
        T lowest = T.Create(-87.3f);
        T limited = T.Min(T.Create(88.3f), T.Max(lowest, x));
        T shifted = T.MultiplyAdd(limited, T.Create(1.44269504f), rounding);
        T n = shifted - rounding;
        T r = T.MultiplyAdd(n, T.Create(-0.693359375f), limited);
        r = T.MultiplyAdd(n, T.Create(2.12194440e-4f), r);
        T p = T.Create(1.9875691500e-4f);
        p = T.MultiplyAdd(p, r, T.Create(1.3981999507e-3f));
        p = T.MultiplyAdd(p, r, T.Create(8.3334519073e-3f));
        p = T.MultiplyAdd(p, r, T.Create(4.1665795894e-2f));
        p = T.MultiplyAdd(p, r, T.Create(1.6666665459e-1f));
        p = T.MultiplyAdd(p, r, T.Create(5.0000001201e-1f));
        T power = T.AddToExponent(T.MultiplyAdd(p, r * r, r) + T.Create(1), shifted);
        return T.Select(T.LessThan(x, lowest), default, power);
    }

    /// <summary>
    /// Returns Φ(x), the standard normal distribution function; computed from erfc, small values keep their digits.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T NormalCdf<T>(T x) where T : unmanaged, ILanes<T>
    {
        T one = T.Create(1);
        T z = T.Abs(x) * T.Create(0.70710678f);
        T tail = T.Create(0.5f) * Erfcx(z) * Exp(default(T) - z * z);
        return T.Select(T.LessThan(x, default), tail, one - tail);
    }

    /// <summary>Returns φ(x), the standard normal density.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T NormalPdf<T>(T x) where T : unmanaged, ILanes<T> =>
        T.Create(0.39894228f) * Exp(T.Create(-0.5f) * x * x);

    /// <summary>
    /// Returns σ(x) = 1 / (1 + exp(−x)); computed from exp(−|x|), it does not overflow and small values keep their
    /// digits.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sigmoid<T>(T x) where T : unmanaged, ILanes<T>
    {
        T one = T.Create(1);
        T e = Exp(default(T) - T.Abs(x));
        return T.Select(T.LessThan(x, default), e, one) / (one + e);
    }

    /// <summary>Returns σ′(x) = σ(x) σ(−x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T SigmoidSlope<T>(T x) where T : unmanaged, ILanes<T>
    {
        T e = Exp(default(T) - T.Abs(x));
        T sum = T.Create(1) + e;
        return e / (sum * sum);
    }

    /// <summary>
    /// Returns tanh x: from |x| = 0.625 on 1 − 2 / (exp 2|x| + 1) with the sign of x, below it the odd polynomial of
    /// degree 11 of Moshier's Cephes library (tanhf).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Tanh<T>(T x) where T : unmanaged, ILanes<T>
    {
        T one = T.Create(1);
        T two = T.Create(2);
        T magnitude = T.Abs(x);
        T large = one - two / (Exp(two * magnitude) + one);
        T z = x * x;
        T p = T.Create(-5.70498872745e-3f);
        p = T.MultiplyAdd(p, z, T.Create(2.06390887954e-2f));
        p = T.MultiplyAdd(p, z, T.Create(-5.37397155531e-2f));
        p = T.MultiplyAdd(p, z, T.Create(1.33314422036e-1f));
        p = T.MultiplyAdd(p, z, T.Create(-3.33332819422e-1f));
        T small = T.MultiplyAdd(p * z, x, x);
        T isSmall = T.LessThan(magnitude, T.Create(0.625f));
        return T.Select(isSmall, small, T.CopySign(large, x));
    }

    /// <summary>
    /// Returns erfcx(z) = erfc(z) exp(z²) for z ≥ 0: t times a polynomial of degree 8 in t = 1 / (1 + z / 2),
    /// interpolated at the Chebyshev nodes of 0 ≤ z ≤ 9.5. Relative error before rounding: at most 6.3e-8.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static T Erfcx<T>(T z) where T : unmanaged, ILanes<T>
    {
        T t = T.Create(1) / (T.Create(1) + T.Create(0.5f) * z);
        T p = T.Create(-0.059338126f);
        p = T.MultiplyAdd(p, t, T.Create(0.28597968f));
        p = T.MultiplyAdd(p, t, T.Create(-0.49027605f));
        p = T.MultiplyAdd(p, t, T.Create(0.28174219f));
        p = T.MultiplyAdd(p, t, T.Create(-0.029231098f));
        p = T.MultiplyAdd(p, t, T.Create(0.20380226f));
        p = T.MultiplyAdd(p, t, T.Create(0.24282409f));
        p = T.MultiplyAdd(p, t, T.Create(0.28241261f));
        p = T.MultiplyAdd(p, t, T.Create(0.28208440f));
        return p * t;
    }
}
