using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>
/// Products of bytes without VPDPBUSD: widened to 16 bits, since VPMADDUBSW saturates. Parts of 4 × 8.
/// </summary>
sealed unsafe class Avx2Tile() : PartedTile(partRows: 4, partColumns: 8)
{
    [MethodImpl(Kernel.Options)]
    protected override void RunPart(long steps, int* a, int* b, int* sums)
    {
        TileRow c0 = default;
        TileRow c1 = default;
        TileRow c2 = default;
        TileRow c3 = default;
        for (; steps > 0; steps--, a += Rows, b += Columns)
        {
            Vector256<short> left = Avx2.ConvertToVector256Int16((byte*)b);
            Vector256<short> right = Avx2.ConvertToVector256Int16((byte*)(b + 4));
            c0 = c0.AddDot(a[0], left, right);
            c1 = c1.AddDot(a[1], left, right);
            c2 = c2.AddDot(a[2], left, right);
            c3 = c3.AddDot(a[3], left, right);
        }
        c0.Store(sums);
        c1.Store(sums + 1 * Columns);
        c2.Store(sums + 2 * Columns);
        c3.Store(sums + 3 * Columns);
    }

    /// <summary>Sums of pairs of products, four columns in each half.</summary>
    readonly struct TileRow(Vector256<int> left, Vector256<int> right)
    {
        readonly Vector256<int> _left = left;
        readonly Vector256<int> _right = right;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TileRow AddDot(int a, Vector256<short> left, Vector256<short> right)
        {
            Vector256<short> words = Avx2.ConvertToVector256Int16(Vector128.Create(a).AsSByte());
            return new TileRow(
                _left + Avx2.MultiplyAddAdjacent(left, words), _right + Avx2.MultiplyAddAdjacent(right, words));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Store(int* sums)
        {
            // Columns 0 1 4 5 2 3 6 7.
            Vector256<long> columns = Avx2.HorizontalAdd(_left, _right).AsInt64();
            Avx2.Permute4x64(columns, 0b11_01_10_00).AsInt32().Store(sums);
        }
    }
}
