using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu.Gemm;

/// <summary>A tile of 8 × 8 in 16 registers of 128 bits: NEON's 32 hold it with both operands.</summary>
readonly unsafe struct GemmVector128 : IMicroKernel
{
    public static int Rows => 8;

    public static int Columns => 8;

    public static int EdgeRows => 4;

    [MethodImpl(Kernel.Options)]
    public static void Run(
        int depth, float* a, float* b, float* c, int stride, bool accumulate, float* bias, float* next, int interval)
    {
        TileRow c0 = TileRow.Load(c, accumulate);
        TileRow c1 = TileRow.Load(c + 1 * stride, accumulate);
        TileRow c2 = TileRow.Load(c + 2 * stride, accumulate);
        TileRow c3 = TileRow.Load(c + 3 * stride, accumulate);
        TileRow c4 = TileRow.Load(c + 4 * stride, accumulate);
        TileRow c5 = TileRow.Load(c + 5 * stride, accumulate);
        TileRow c6 = TileRow.Load(c + 6 * stride, accumulate);
        TileRow c7 = TileRow.Load(c + 7 * stride, accumulate);
        for (int k = 0; k < depth; k++, a += 8, b += 8)
        {
            Vector128<float> left = Vector128.Load(b);
            Vector128<float> right = Vector128.Load(b + 4);
            c0.MultiplyAdd(a[0], left, right);
            c1.MultiplyAdd(a[1], left, right);
            c2.MultiplyAdd(a[2], left, right);
            c3.MultiplyAdd(a[3], left, right);
            c4.MultiplyAdd(a[4], left, right);
            c5.MultiplyAdd(a[5], left, right);
            c6.MultiplyAdd(a[6], left, right);
            c7.MultiplyAdd(a[7], left, right);
        }
        TileRow added = TileRow.Bias(bias);
        c0.Store(added, c);
        c1.Store(added, c + 1 * stride);
        c2.Store(added, c + 2 * stride);
        c3.Store(added, c + 3 * stride);
        c4.Store(added, c + 4 * stride);
        c5.Store(added, c + 5 * stride);
        c6.Store(added, c + 6 * stride);
        c7.Store(added, c + 7 * stride);
    }

    [MethodImpl(Kernel.Options)]
    public static void RunEdge(int depth, float* a, float* b, float* c, int stride, bool accumulate)
    {
        TileRow c0 = TileRow.Load(c, accumulate);
        TileRow c1 = TileRow.Load(c + 1 * stride, accumulate);
        TileRow c2 = TileRow.Load(c + 2 * stride, accumulate);
        TileRow c3 = TileRow.Load(c + 3 * stride, accumulate);
        for (int k = 0; k < depth; k++, a += 8, b += 8)
        {
            Vector128<float> left = Vector128.Load(b);
            Vector128<float> right = Vector128.Load(b + 4);
            c0.MultiplyAdd(a[0], left, right);
            c1.MultiplyAdd(a[1], left, right);
            c2.MultiplyAdd(a[2], left, right);
            c3.MultiplyAdd(a[3], left, right);
        }
        c0.Store(c);
        c1.Store(c + 1 * stride);
        c2.Store(c + 2 * stride);
        c3.Store(c + 3 * stride);
    }

    /// <summary>A row of the tile in two registers.</summary>
    struct TileRow(Vector128<float> left, Vector128<float> right)
    {
        Vector128<float> _left = left;
        Vector128<float> _right = right;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TileRow Load(float* c, bool accumulate) =>
            accumulate ? new TileRow(Vector128.Load(c), Vector128.Load(c + 4)) : default;

        /// <summary>Returns a bias; −0, which changes nothing, where there is none.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TileRow Bias(float* bias) => bias != null
            ? new TileRow(Vector128.Load(bias), Vector128.Load(bias + 4))
            : new TileRow(Vector128.Create(-0f), Vector128.Create(-0f));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void MultiplyAdd(float a, Vector128<float> left, Vector128<float> right)
        {
            // In place: the JIT copies sums that are returned, an instruction for every two multiply-adds.
            Vector128<float> factor = Vector128.Create(a);
            _left = Vector128.FusedMultiplyAdd(factor, left, _left);
            _right = Vector128.FusedMultiplyAdd(factor, right, _right);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(float* c)
        {
            _left.Store(c);
            _right.Store(c + 4);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(TileRow added, float* c)
        {
            (_left + added._left).Store(c);
            (_right + added._right).Store(c + 4);
        }
    }
}
