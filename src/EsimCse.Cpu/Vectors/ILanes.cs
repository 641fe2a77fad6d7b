namespace EsimCse.Cpu.Vectors;

/// <summary>
/// Sixteen floats in the processor's registers. Code that is generic over it gives the same bits for each
/// implementation, sums included.
/// </summary>
/// <typeparam name="T">The implementation: <see cref="OneRegister"/> or <see cref="TwoRegisters"/>.</typeparam>
interface ILanes<T> where T : unmanaged, ILanes<T>
{
    /// <summary>Number of floats.</summary>
    const int Count = 16;

    /// <summary>Loads from <paramref name="source"/>[i] on.</summary>
    static abstract T Load(ref readonly float source, int i);

    /// <summary>Stores from <paramref name="target"/>[i] on.</summary>
    void Store(ref float target, int i);

    static abstract T Create(float value);

    /// <summary>Returns the lanes' bits as int32, minus <paramref name="offset"/>, as floats.</summary>
    static abstract T ConvertToSingle(T integers, int offset);

    static abstract T operator +(T left, T right);

    static abstract T operator -(T left, T right);

    static abstract T operator *(T left, T right);

    static abstract T operator /(T left, T right);

    /// <summary>Returns a b + c, rounded once.</summary>
    static abstract T MultiplyAdd(T a, T b, T c);

    static abstract T SquareRoot(T x);

    static abstract T Abs(T x);

    /// <summary>Returns the magnitudes of the one with the signs of the other.</summary>
    static abstract T CopySign(T magnitude, T sign);

    /// <summary>Returns the larger ones; x where that is not a number.</summary>
    static abstract T Max(T limit, T x);

    /// <summary>Returns the smaller ones; x where that is not a number.</summary>
    static abstract T Min(T limit, T x);

    /// <summary>Returns a mask: all bits of a lane where left &lt; right, no bits otherwise.</summary>
    static abstract T LessThan(T left, T right);

    /// <summary>Returns a mask: all bits of a lane where left ≤ right, no bits otherwise.</summary>
    static abstract T LessThanOrEqual(T left, T right);

    /// <summary>Returns the lanes of the first where the mask has bits, of the second elsewhere.</summary>
    static abstract T Select(T mask, T first, T second);

    /// <summary>Adds the lowest bits of the other's representations to the exponents.</summary>
    static abstract T AddToExponent(T x, T bits);

    /// <summary>Returns the sum of the lanes, by halves.</summary>
    float Sum();

    /// <summary>Returns the largest lane.</summary>
    float Largest();
}
