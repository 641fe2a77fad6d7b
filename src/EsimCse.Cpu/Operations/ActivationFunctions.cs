using System.Numerics;
using System.Runtime.CompilerServices;
using EsimCse.Core.Backend;

namespace EsimCse.Cpu.Operations;

/// <summary>One <see cref="Activation"/>, a vector at a time.</summary>
interface IActivationFunction
{
    /// <summary>Returns y = f(x).</summary>
    static abstract Vector<float> Forward(Vector<float> x);

    /// <summary>Returns dx = dy f′(x).</summary>
    static abstract Vector<float> Backward(Vector<float> dy, Vector<float> x);
}

readonly struct GeluFunction : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Forward(Vector<float> x) => x * VectorMath.NormalCdf(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Backward(Vector<float> dy, Vector<float> x) =>
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
    public static Vector<float> Forward(Vector<float> x) => x * VectorMath.Sigmoid(TwiceU(x, x * x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Backward(Vector<float> dy, Vector<float> x)
    {
        // The square is limited because the slope of u is multiplied by σ′ = 0 for large x.
        Vector<float> square = Vector.Min(x * x, Vector.Create(LargestSquare));
        Vector<float> twiceU = TwiceU(x, square);
        Vector<float> slope = TwiceSqrtTwoOverPi * (Vector<float>.One + 3 * Cubic * square);
        return dy * (VectorMath.Sigmoid(twiceU) + x * (slope * VectorMath.SigmoidSlope(twiceU)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector<float> TwiceU(Vector<float> x, Vector<float> square) =>
        TwiceSqrtTwoOverPi * x * (Vector<float>.One + Cubic * square);
}

/// <summary>NaN remains NaN.</summary>
readonly struct ReluFunction : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Forward(Vector<float> x)
    {
        Vector<int> isNegative = Vector.LessThan(x, Vector<float>.Zero);
        return Vector.ConditionalSelect(isNegative, Vector<float>.Zero, x);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Backward(Vector<float> dy, Vector<float> x)
    {
        Vector<int> isClipped = Vector.LessThanOrEqual(x, Vector<float>.Zero);
        return Vector.ConditionalSelect(isClipped, Vector<float>.Zero, dy);
    }
}

readonly struct TanhFunction : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Forward(Vector<float> x) => VectorMath.Tanh(x);

    /// <summary>Returns 4 dy σ′(2x): 1 − tanh² x without its cancellation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Backward(Vector<float> dy, Vector<float> x) =>
        dy * (4 * VectorMath.SigmoidSlope(2 * x));
}

readonly struct SigmoidFunction : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Forward(Vector<float> x) => VectorMath.Sigmoid(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Backward(Vector<float> dy, Vector<float> x) =>
        dy * VectorMath.SigmoidSlope(x);
}
