using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using EsimCse.Core.Backend;

namespace EsimCse.Cpu.Operations;

/// <summary>One <see cref="Activation"/>, 16 elements at a time.</summary>
interface IActivationFunction
{
    /// <summary>Returns y = f(x).</summary>
    static abstract Vector512<float> Forward(Vector512<float> x);

    /// <summary>Returns dx = dy f′(x).</summary>
    static abstract Vector512<float> Backward(Vector512<float> dy, Vector512<float> x);
}

readonly struct GeluFunction : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Forward(Vector512<float> x) => x * VectorMath.NormalCdf(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Backward(Vector512<float> dy, Vector512<float> x) =>
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
    public static Vector512<float> Forward(Vector512<float> x) => x * VectorMath.Sigmoid(TwiceU(x, x * x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Backward(Vector512<float> dy, Vector512<float> x)
    {
        // The square is limited because the slope of u is multiplied by σ′ = 0 for large x.
        Vector512<float> square = Vector512.Min(x * x, Vector512.Create(LargestSquare));
        Vector512<float> twiceU = TwiceU(x, square);
        Vector512<float> slope = TwiceSqrtTwoOverPi * (Vector512<float>.One + 3 * Cubic * square);
        return dy * (VectorMath.Sigmoid(twiceU) + x * (slope * VectorMath.SigmoidSlope(twiceU)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<float> TwiceU(Vector512<float> x, Vector512<float> square) =>
        TwiceSqrtTwoOverPi * x * (Vector512<float>.One + Cubic * square);
}

/// <summary>NaN remains NaN.</summary>
readonly struct ReluFunction : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Forward(Vector512<float> x)
    {
        Vector512<float> isNegative = Vector512.LessThan(x, Vector512<float>.Zero);
        return Vector512.ConditionalSelect(isNegative, Vector512<float>.Zero, x);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Backward(Vector512<float> dy, Vector512<float> x)
    {
        Vector512<float> isClipped = Vector512.LessThanOrEqual(x, Vector512<float>.Zero);
        return Vector512.ConditionalSelect(isClipped, Vector512<float>.Zero, dy);
    }
}

readonly struct TanhFunction : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Forward(Vector512<float> x) => VectorMath.Tanh(x);

    /// <summary>Returns 4 dy σ′(2x): 1 − tanh² x without its cancellation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Backward(Vector512<float> dy, Vector512<float> x) =>
        dy * (4 * VectorMath.SigmoidSlope(2 * x));
}

readonly struct SigmoidFunction : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Forward(Vector512<float> x) => VectorMath.Sigmoid(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Backward(Vector512<float> dy, Vector512<float> x) =>
        dy * VectorMath.SigmoidSlope(x);
}
