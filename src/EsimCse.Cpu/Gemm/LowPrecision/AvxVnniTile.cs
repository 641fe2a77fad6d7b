using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>Products of bytes with VPDPBUSD on 256 bits: parts of 6 × 16 in 12 registers.</summary>
sealed unsafe class AvxVnniTile() : PartedTile(partRows: 6, partColumns: 16)
{
    [MethodImpl(Kernel.Options)]
    protected override void RunPart(long steps, int* a, int* b, int* sums)
    {
        TileRow c0 = default;
        TileRow c1 = default;
        TileRow c2 = default;
        TileRow c3 = default;
        TileRow c4 = default;
        TileRow c5 = default;
        for (; steps > 0; steps--, a += Height, b += Columns)
        {
            Vector256<byte> left = Vector256.Load(b).AsByte();
            Vector256<byte> right = Vector256.Load(b + 8).AsByte();
            c0 = c0.AddDot(a[0], left, right);
            c1 = c1.AddDot(a[1], left, right);
            c2 = c2.AddDot(a[2], left, right);
            c3 = c3.AddDot(a[3], left, right);
            c4 = c4.AddDot(a[4], left, right);
            c5 = c5.AddDot(a[5], left, right);
        }
        c0.Store(sums);
        c1.Store(sums + 1 * Columns);
        c2.Store(sums + 2 * Columns);
        c3.Store(sums + 3 * Columns);
        c4.Store(sums + 4 * Columns);
        c5.Store(sums + 5 * Columns);
    }

    readonly struct TileRow(Vector256<int> left, Vector256<int> right)
    {
        readonly Vector256<int> _left = left;
        readonly Vector256<int> _right = right;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TileRow AddDot(int a, Vector256<byte> left, Vector256<byte> right)
        {
            Vector256<sbyte> words = Vector256.Create(a).AsSByte();
            return new TileRow(
                AvxVnni.MultiplyWideningAndAdd(_left, left, words),
                AvxVnni.MultiplyWideningAndAdd(_right, right, words));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Store(int* sums)
        {
            _left.Store(sums);
            _right.Store(sums + 8);
        }
    }
}
