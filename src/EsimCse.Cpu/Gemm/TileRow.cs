using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace EsimCse.Cpu.Gemm;

/// <summary>A row of a tile, 16 columns in two registers of 256 bits.</summary>
readonly unsafe struct TileRow(Vector256<float> left, Vector256<float> right)
{
    readonly Vector256<float> _left = left;
    readonly Vector256<float> _right = right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TileRow Load(float* c, bool accumulate) =>
        accumulate ? new TileRow(Vector256.Load(c), Vector256.Load(c + 8)) : default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TileRow MultiplyAdd(float a, Vector256<float> left, Vector256<float> right)
    {
        Vector256<float> factor = Vector256.Create(a);
        return new TileRow(
            Vector256.FusedMultiplyAdd(factor, left, _left),
            Vector256.FusedMultiplyAdd(factor, right, _right));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* c)
    {
        _left.Store(c);
        _right.Store(c + 8);
    }
}
