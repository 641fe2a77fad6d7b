using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace EsimCse.Cpu.Vectors;

/// <summary>Sixteen floats in one register of 512 bits.</summary>
readonly struct OneRegister(Vector512<float> value) : ILanes<OneRegister>
{
    readonly Vector512<float> _value = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneRegister Load(ref readonly float source, int i) =>
        new(Vector512.LoadUnsafe(in source, (nuint)i));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref float target, int i) => _value.StoreUnsafe(ref target, (nuint)i);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneRegister Create(float value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneRegister ConvertToSingle(OneRegister integers, int offset) =>
        new(Vector512.ConvertToSingle(integers._value.AsInt32() - Vector512.Create(offset)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneRegister operator +(OneRegister left, OneRegister right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneRegister operator -(OneRegister left, OneRegister right) => new(left._value - right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneRegister operator *(OneRegister left, OneRegister right) => new(left._value * right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneRegister operator /(OneRegister left, OneRegister right) => new(left._value / right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneRegister MultiplyAdd(OneRegister a, OneRegister b, OneRegister c) =>
        new(Vector512.FusedMultiplyAdd(a._value, b._value, c._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneRegister SquareRoot(OneRegister x) => new(Vector512.Sqrt(x._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneRegister Abs(OneRegister x) => new(Vector512.Abs(x._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneRegister CopySign(OneRegister magnitude, OneRegister sign) =>
        new(Vector512.CopySign(magnitude._value, sign._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneRegister Max(OneRegister limit, OneRegister x) =>
        new(Vector512.MaxNative(limit._value, x._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneRegister Min(OneRegister limit, OneRegister x) =>
        new(Vector512.MinNative(limit._value, x._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneRegister LessThan(OneRegister left, OneRegister right) =>
        new(Vector512.LessThan(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneRegister LessThanOrEqual(OneRegister left, OneRegister right) =>
        new(Vector512.LessThanOrEqual(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneRegister Select(OneRegister mask, OneRegister first, OneRegister second) =>
        new(Vector512.ConditionalSelect(mask._value, first._value, second._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneRegister AddToExponent(OneRegister x, OneRegister bits) =>
        new((x._value.AsInt32() + (bits._value.AsInt32() << 23)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Sum() => new TwoRegisters(_value.GetLower(), _value.GetUpper()).Sum();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Largest() => new TwoRegisters(_value.GetLower(), _value.GetUpper()).Largest();
}
