using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>Products of bf16 in fp32: a bf16 is the upper half of one. Parts of 4 × 8.</summary>
sealed unsafe class WideningTile : LowPrecisionTile
{
    const int PartRows = 4, PartColumns = 8;

    public override void Run(in TileArguments arguments, int rows)
    {
        for (int row = 0; row < rows; row += PartRows)
            for (int column = 0; column < Columns; column += PartColumns)
            {
                float* sums = (float*)arguments.Sums + row * Columns + column;
                RunPart(arguments.Steps, (uint*)arguments.A + row, (uint*)arguments.B + column, sums);
            }
    }

    [MethodImpl(Kernel.Options)]
    static void RunPart(long steps, uint* a, uint* b, float* sums)
    {
        Vector256<float> c0 = default;
        Vector256<float> c1 = default;
        Vector256<float> c2 = default;
        Vector256<float> c3 = default;
        for (; steps > 0; steps--, a += Rows, b += Columns)
        {
            Vector256<uint> pairs = Vector256.Load(b);
            c0 = AddDot(c0, a[0], pairs);
            c1 = AddDot(c1, a[1], pairs);
            c2 = AddDot(c2, a[2], pairs);
            c3 = AddDot(c3, a[3], pairs);
        }
        c0.Store(sums);
        c1.Store(sums + 1 * Columns);
        c2.Store(sums + 2 * Columns);
        c3.Store(sums + 3 * Columns);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> AddDot(Vector256<float> sums, uint a, Vector256<uint> pairs)
    {
        const uint upperHalf = 0xFFFF0000;
        Vector256<float> upper = Vector256.Create(BitConverter.UInt32BitsToSingle(a & upperHalf));
        Vector256<float> lower = Vector256.Create(BitConverter.UInt32BitsToSingle(a << 16));
        sums = Vector256.FusedMultiplyAdd(upper, (pairs & Vector256.Create(upperHalf)).AsSingle(), sums);
        return Vector256.FusedMultiplyAdd(lower, (pairs << 16).AsSingle(), sums);
    }
}
