using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>Products of bf16 in fp32: a bf16 is the upper half of one. Parts of 4 × 8.</summary>
sealed unsafe class WideningTile() : PartedTile(partRows: 4, partColumns: 8)
{
    [MethodImpl(Kernel.Options)]
    protected override void RunPart(long steps, int* a, int* b, int* sums)
    {
        Vector256<float> c0 = default;
        Vector256<float> c1 = default;
        Vector256<float> c2 = default;
        Vector256<float> c3 = default;
        for (; steps > 0; steps--, a += Rows, b += Columns)
        {
            Vector256<uint> pairs = Vector256.Load((uint*)b);
            c0 = AddDot(c0, (uint)a[0], pairs);
            c1 = AddDot(c1, (uint)a[1], pairs);
            c2 = AddDot(c2, (uint)a[2], pairs);
            c3 = AddDot(c3, (uint)a[3], pairs);
        }
        c0.Store((float*)sums);
        c1.Store((float*)sums + 1 * Columns);
        c2.Store((float*)sums + 2 * Columns);
        c3.Store((float*)sums + 3 * Columns);
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
