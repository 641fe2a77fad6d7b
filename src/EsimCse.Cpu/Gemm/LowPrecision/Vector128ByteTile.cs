using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>
/// Products of bytes in 128 bits, for processors with NEON: a product of two bytes fits 16 bits. Parts of 2 × 4.
/// </summary>
sealed unsafe class Vector128ByteTile() : PartedTile(partRows: 2, partColumns: 4)
{
    [MethodImpl(Kernel.Options)]
    protected override void RunPart(long steps, int* a, int* b, int* sums)
    {
        TileRow c0 = default;
        TileRow c1 = default;
        for (; steps > 0; steps--, a += Height, b += Columns)
        {
            (Vector128<ushort> left, Vector128<ushort> right) = Vector128.Widen(Vector128.Load((byte*)b));
            c0 = c0.AddProducts(a[0], left.AsInt16(), right.AsInt16());
            c1 = c1.AddProducts(a[1], left.AsInt16(), right.AsInt16());
        }
        c0.Store(sums);
        c1.Store(sums + Columns);
    }

    /// <summary>Sums of a row: those of a column's four numbers in each vector.</summary>
    readonly struct TileRow(Vector128<int> c0, Vector128<int> c1, Vector128<int> c2, Vector128<int> c3)
    {
        readonly Vector128<int> _c0 = c0;
        readonly Vector128<int> _c1 = c1;
        readonly Vector128<int> _c2 = c2;
        readonly Vector128<int> _c3 = c3;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TileRow AddProducts(int a, Vector128<short> left, Vector128<short> right)
        {
            Vector128<short> numbers = Vector128.WidenLower(Vector128.Create(a).AsSByte());
            (Vector128<int> first, Vector128<int> second) = Vector128.Widen(left * numbers);
            (Vector128<int> third, Vector128<int> fourth) = Vector128.Widen(right * numbers);
            return new TileRow(_c0 + first, _c1 + second, _c2 + third, _c3 + fourth);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Store(int* sums)
        {
            sums[0] = Vector128.Sum(_c0);
            sums[1] = Vector128.Sum(_c1);
            sums[2] = Vector128.Sum(_c2);
            sums[3] = Vector128.Sum(_c3);
        }
    }
}
