using System.Runtime.CompilerServices;
using EsimCse.Core.Backend;
using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu.Operations;

/// <summary>One <see cref="Activation"/>, a vector at a time.</summary>
interface IActivationFunction
{
    /// <summary>Returns y = f(x).</summary>
    static abstract T Forward<T>(T x) where T : unmanaged, ILanes<T>;

    /// <summary>Returns dx = dy f′(x).</summary>
    static abstract T Backward<T>(T dy, T x) where T : unmanaged, ILanes<T>;
}

readonly struct GeluFunction : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Forward<T>(T x) where T : unmanaged, ILanes<T> => x * VectorMath.NormalCdf(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Backward<T>(T dy, T x) where T : unmanaged, ILanes<T> =>
        dy * (VectorMath.NormalCdf(x) + x * VectorMath.NormalPdf(x));
}

/// <summary>y = x σ(2u), u = √(2/π) (x + 0.044715 x³): the tanh form without its cancellation for negative x.</summary>
readonly struct GeluTanhFunction : IActivationFunction
{
    const float TwiceSqrtTwoOverPi = 1.59576912f;
    const float Cubic = 0.044715f;

    /// <summary>x² from which σ′(2u) is 0 in fp32.</summary>
    const float LargestSquare = 128;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Forward<T>(T x) where T : unmanaged, ILanes<T> => x * VectorMath.Sigmoid(TwiceU(x, x * x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Backward<T>(T dy, T x) where T : unmanaged, ILanes<T>
    {
        // The square is limited because the slope of u is multiplied by σ′ = 0 for large x.
        T square = T.Min(T.Create(LargestSquare), x * x);
        T twiceU = TwiceU(x, square);
        T slope = T.Create(TwiceSqrtTwoOverPi) * (T.Create(1) + T.Create(3 * Cubic) * square);
        return dy * (VectorMath.Sigmoid(twiceU) + x * (slope * VectorMath.SigmoidSlope(twiceU)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static T TwiceU<T>(T x, T square) where T : unmanaged, ILanes<T> =>
        T.Create(TwiceSqrtTwoOverPi) * x * (T.Create(1) + T.Create(Cubic) * square);
}

/// <summary>NaN remains NaN.</summary>
readonly struct ReluFunction : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Forward<T>(T x) where T : unmanaged, ILanes<T>
    {
        T isNegative = T.LessThan(x, default);
        return T.Select(isNegative, default, x);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Backward<T>(T dy, T x) where T : unmanaged, ILanes<T>
    {
        T isClipped = T.LessThanOrEqual(x, default);
        return T.Select(isClipped, default, dy);
    }
}

readonly struct TanhFunction : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Forward<T>(T x) where T : unmanaged, ILanes<T> => VectorMath.Tanh(x);

    /// <summary>Returns 4 dy σ′(2x): 1 − tanh² x without its cancellation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Backward<T>(T dy, T x) where T : unmanaged, ILanes<T> =>
        dy * (T.Create(4) * VectorMath.SigmoidSlope(T.Create(2) * x));
}

readonly struct SigmoidFunction : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Forward<T>(T x) where T : unmanaged, ILanes<T> => VectorMath.Sigmoid(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Backward<T>(T dy, T x) where T : unmanaged, ILanes<T> =>
        dy * VectorMath.SigmoidSlope(x);
}
