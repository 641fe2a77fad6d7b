using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>
/// Products of bf16 in fp32: a bf16 is the upper half of one. Parts of 6 × 16 in 12 registers.
/// </summary>
sealed unsafe class BFloat16Tile() : WidenedTile(partRows: 6, partColumns: 16)
{
    const uint UpperHalf = 0xFFFF0000;

    /// <summary>Writes the upper numbers of all words, and the lower ones behind those of a whole block.</summary>
    [MethodImpl(Kernel.Options)]
    protected override void Widen(int words, int* a, long* widened)
    {
        uint* upper = (uint*)widened;
        uint* lower = upper + BlockWords;
        for (int i = 0; i < words; i += Vector128<uint>.Count)
        {
            Vector128<uint> pairs = Vector128.Load((uint*)a + i);
            (pairs & Vector128.Create(UpperHalf)).Store(upper + i);
            (pairs << 16).Store(lower + i);
        }
    }

    [MethodImpl(Kernel.Options)]
    protected override void RunPart(int steps, int row, long* widened, int* b, int* sums, bool accumulate)
    {
        float* upper = (float*)widened + row;
        float* lower = upper + BlockWords;
        float* c = (float*)sums;
        TileRow c0 = TileRow.Load(c, accumulate);
        TileRow c1 = TileRow.Load(c + 1 * Columns, accumulate);
        TileRow c2 = TileRow.Load(c + 2 * Columns, accumulate);
        TileRow c3 = TileRow.Load(c + 3 * Columns, accumulate);
        TileRow c4 = TileRow.Load(c + 4 * Columns, accumulate);
        TileRow c5 = TileRow.Load(c + 5 * Columns, accumulate);
        for (; steps > 0; steps--, upper += Height, lower += Height, b += Columns)
        {
            Vector256<float> left = (Vector256.Load((uint*)b) & Vector256.Create(UpperHalf)).AsSingle();
            Vector256<float> right = (Vector256.Load((uint*)b + 8) & Vector256.Create(UpperHalf)).AsSingle();
            c0.MultiplyAdd(upper[0], left, right);
            c1.MultiplyAdd(upper[1], left, right);
            c2.MultiplyAdd(upper[2], left, right);
            c3.MultiplyAdd(upper[3], left, right);
            c4.MultiplyAdd(upper[4], left, right);
            c5.MultiplyAdd(upper[5], left, right);
            left = (Vector256.Load((uint*)b) << 16).AsSingle();
            right = (Vector256.Load((uint*)b + 8) << 16).AsSingle();
            c0.MultiplyAdd(lower[0], left, right);
            c1.MultiplyAdd(lower[1], left, right);
            c2.MultiplyAdd(lower[2], left, right);
            c3.MultiplyAdd(lower[3], left, right);
            c4.MultiplyAdd(lower[4], left, right);
            c5.MultiplyAdd(lower[5], left, right);
        }
        c0.Store(c);
        c1.Store(c + 1 * Columns);
        c2.Store(c + 2 * Columns);
        c3.Store(c + 3 * Columns);
        c4.Store(c + 4 * Columns);
        c5.Store(c + 5 * Columns);
    }
}
