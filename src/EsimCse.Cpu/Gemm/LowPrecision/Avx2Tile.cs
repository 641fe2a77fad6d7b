using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>
/// Products of bytes without VPDPBUSD: widened to 16 bits, since VPMADDUBSW saturates. Parts of 6 × 8 in 12 registers.
/// </summary>
sealed unsafe class Avx2Tile() : WidenedTile(partRows: 6, partColumns: 8)
{
    [MethodImpl(Kernel.Options)]
    protected override void Widen(int words, int* a, long* widened)
    {
        sbyte* numbers = (sbyte*)a;
        for (int i = 0; i < words * sizeof(int); i += Vector128<sbyte>.Count)
            Avx2.ConvertToVector256Int16(numbers + i).Store((short*)widened + i);
    }

    [MethodImpl(Kernel.Options)]
    protected override void RunPart(int steps, int row, long* widened, int* b, int* sums, bool accumulate)
    {
        ByteRow c0 = default;
        ByteRow c1 = default;
        ByteRow c2 = default;
        ByteRow c3 = default;
        ByteRow c4 = default;
        ByteRow c5 = default;
        for (long* a = widened + row; steps > 0; steps--, a += Height, b += Columns)
        {
            Vector256<short> left = Avx2.ConvertToVector256Int16((byte*)b);
            Vector256<short> right = Avx2.ConvertToVector256Int16((byte*)(b + 4));
            c0 = c0.AddDot(a[0], left, right);
            c1 = c1.AddDot(a[1], left, right);
            c2 = c2.AddDot(a[2], left, right);
            c3 = c3.AddDot(a[3], left, right);
            c4 = c4.AddDot(a[4], left, right);
            c5 = c5.AddDot(a[5], left, right);
        }
        c0.Store(sums, accumulate);
        c1.Store(sums + 1 * Columns, accumulate);
        c2.Store(sums + 2 * Columns, accumulate);
        c3.Store(sums + 3 * Columns, accumulate);
        c4.Store(sums + 4 * Columns, accumulate);
        c5.Store(sums + 5 * Columns, accumulate);
    }

    /// <summary>Sums of pairs of products, four columns in each half.</summary>
    readonly struct ByteRow(Vector256<int> left, Vector256<int> right)
    {
        readonly Vector256<int> _left = left;
        readonly Vector256<int> _right = right;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public ByteRow AddDot(long a, Vector256<short> left, Vector256<short> right)
        {
            Vector256<short> numbers = Vector256.Create(a).AsInt16();
            return new ByteRow(
                _left + Avx2.MultiplyAddAdjacent(left, numbers), _right + Avx2.MultiplyAddAdjacent(right, numbers));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Store(int* sums, bool accumulate)
        {
            // Columns 0 1 4 5 2 3 6 7.
            Vector256<long> columns = Avx2.HorizontalAdd(_left, _right).AsInt64();
            Vector256<int> inOrder = Avx2.Permute4x64(columns, 0b11_01_10_00).AsInt32();
            (accumulate ? inOrder + Vector256.Load(sums) : inOrder).Store(sums);
        }
    }
}
