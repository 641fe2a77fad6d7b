using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace EsimCse.Cpu.Vectors;

/// <summary>Sixteen floats in two registers of 256 bits.</summary>
readonly struct TwoRegisters(Vector256<float> lower, Vector256<float> upper) : ILanes<TwoRegisters>
{
    const int Half = ILanes<TwoRegisters>.Count / 2;

    readonly Vector256<float> _lower = lower;
    readonly Vector256<float> _upper = upper;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoRegisters Load(ref readonly float source, int i) => new(
        Vector256.LoadUnsafe(in source, (nuint)i), Vector256.LoadUnsafe(in source, (nuint)(i + Half)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref float target, int i)
    {
        _lower.StoreUnsafe(ref target, (nuint)i);
        _upper.StoreUnsafe(ref target, (nuint)(i + Half));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoRegisters Create(float value) => new(Vector256.Create(value), Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoRegisters ConvertToSingle(TwoRegisters integers, int offset)
    {
        Vector256<int> offsets = Vector256.Create(offset);
        return new TwoRegisters(
            Vector256.ConvertToSingle(integers._lower.AsInt32() - offsets),
            Vector256.ConvertToSingle(integers._upper.AsInt32() - offsets));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoRegisters operator +(TwoRegisters left, TwoRegisters right) =>
        new(left._lower + right._lower, left._upper + right._upper);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoRegisters operator -(TwoRegisters left, TwoRegisters right) =>
        new(left._lower - right._lower, left._upper - right._upper);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoRegisters operator *(TwoRegisters left, TwoRegisters right) =>
        new(left._lower * right._lower, left._upper * right._upper);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoRegisters operator /(TwoRegisters left, TwoRegisters right) =>
        new(left._lower / right._lower, left._upper / right._upper);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoRegisters MultiplyAdd(TwoRegisters a, TwoRegisters b, TwoRegisters c) => new(
        Vector256.FusedMultiplyAdd(a._lower, b._lower, c._lower),
        Vector256.FusedMultiplyAdd(a._upper, b._upper, c._upper));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoRegisters SquareRoot(TwoRegisters x) => new(Vector256.Sqrt(x._lower), Vector256.Sqrt(x._upper));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoRegisters Abs(TwoRegisters x) => new(Vector256.Abs(x._lower), Vector256.Abs(x._upper));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoRegisters CopySign(TwoRegisters magnitude, TwoRegisters sign) => new(
        Vector256.CopySign(magnitude._lower, sign._lower), Vector256.CopySign(magnitude._upper, sign._upper));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoRegisters Max(TwoRegisters limit, TwoRegisters x) =>
        new(Vector256.MaxNative(limit._lower, x._lower), Vector256.MaxNative(limit._upper, x._upper));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoRegisters Min(TwoRegisters limit, TwoRegisters x) =>
        new(Vector256.MinNative(limit._lower, x._lower), Vector256.MinNative(limit._upper, x._upper));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoRegisters LessThan(TwoRegisters left, TwoRegisters right) =>
        new(Vector256.LessThan(left._lower, right._lower), Vector256.LessThan(left._upper, right._upper));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoRegisters LessThanOrEqual(TwoRegisters left, TwoRegisters right) => new(
        Vector256.LessThanOrEqual(left._lower, right._lower), Vector256.LessThanOrEqual(left._upper, right._upper));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoRegisters Select(TwoRegisters mask, TwoRegisters first, TwoRegisters second) => new(
        Vector256.ConditionalSelect(mask._lower, first._lower, second._lower),
        Vector256.ConditionalSelect(mask._upper, first._upper, second._upper));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoRegisters AddToExponent(TwoRegisters x, TwoRegisters bits) => new(
        (x._lower.AsInt32() + (bits._lower.AsInt32() << 23)).AsSingle(),
        (x._upper.AsInt32() + (bits._upper.AsInt32() << 23)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Sum()
    {
        Vector256<float> eight = _lower + _upper;
        Vector128<float> four = eight.GetLower() + eight.GetUpper();
        return four[0] + four[2] + (four[1] + four[3]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Largest()
    {
        Vector256<float> eight = Vector256.Max(_lower, _upper);
        Vector128<float> four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        return MathF.Max(MathF.Max(four[0], four[2]), MathF.Max(four[1], four[3]));
    }
}
