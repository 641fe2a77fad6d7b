using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace EsimCse.Cpu.Gemm;

/// <summary>A row of a tile, 16 columns in two registers of 256 bits.</summary>
unsafe struct TileRow(Vector256<float> left, Vector256<float> right)
{
    Vector256<float> _left = left;
    Vector256<float> _right = right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TileRow Load(float* c, bool accumulate) =>
        accumulate ? new TileRow(Vector256.Load(c), Vector256.Load(c + 8)) : default;

    /// <summary>Returns a bias; −0, which changes nothing, where there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TileRow Bias(float* bias) => bias != null
        ? new TileRow(Vector256.Load(bias), Vector256.Load(bias + 8))
        : new TileRow(Vector256.Create(-0f), Vector256.Create(-0f));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyAdd(float a, Vector256<float> left, Vector256<float> right)
    {
        // In place: the JIT copies sums that are returned, an instruction for every two multiply-adds.
        Vector256<float> factor = Vector256.Create(a);
        _left = Vector256.FusedMultiplyAdd(factor, left, _left);
        _right = Vector256.FusedMultiplyAdd(factor, right, _right);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(float* c)
    {
        _left.Store(c);
        _right.Store(c + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(TileRow added, float* c)
    {
        (_left + added._left).Store(c);
        (_right + added._right).Store(c + 8);
    }
}
