using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu.Gemm;

/// <summary>A tile of 12 × 32 in 24 registers of 512 bits: 24 multiply-adds per 2 loads and 12 broadcasts.</summary>
readonly unsafe struct GemmVector512 : IMicroKernel
{
    public static int Rows => 12;

    public static int Columns => 32;

    public static int EdgeRows => 4;

    const int FloatsOfLine = 16;

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
        TileRow c8 = TileRow.Load(c + 8 * stride, accumulate);
        TileRow c9 = TileRow.Load(c + 9 * stride, accumulate);
        TileRow c10 = TileRow.Load(c + 10 * stride, accumulate);
        TileRow c11 = TileRow.Load(c + 11 * stride, accumulate);
        for (int k = 0; k < depth; k++, a += 12, b += 32)
        {
            Vector512<float> left = Vector512.Load(b);
            Vector512<float> right = Vector512.Load(b + 16);
            c0.MultiplyAdd(a[0], left, right);
            c1.MultiplyAdd(a[1], left, right);
            c2.MultiplyAdd(a[2], left, right);
            c3.MultiplyAdd(a[3], left, right);
            c4.MultiplyAdd(a[4], left, right);
            c5.MultiplyAdd(a[5], left, right);
            c6.MultiplyAdd(a[6], left, right);
            c7.MultiplyAdd(a[7], left, right);
            c8.MultiplyAdd(a[8], left, right);
            c9.MultiplyAdd(a[9], left, right);
            c10.MultiplyAdd(a[10], left, right);
            c11.MultiplyAdd(a[11], left, right);
            if ((k & interval) == 0) Sse.Prefetch1(next += FloatsOfLine);
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
        c8.Store(added, c + 8 * stride);
        c9.Store(added, c + 9 * stride);
        c10.Store(added, c + 10 * stride);
        c11.Store(added, c + 11 * stride);
    }

    [MethodImpl(Kernel.Options)]
    public static void RunEdge(int depth, float* a, float* b, float* c, int stride, bool accumulate)
    {
        TileRow c0 = TileRow.Load(c, accumulate);
        TileRow c1 = TileRow.Load(c + 1 * stride, accumulate);
        TileRow c2 = TileRow.Load(c + 2 * stride, accumulate);
        TileRow c3 = TileRow.Load(c + 3 * stride, accumulate);
        for (int k = 0; k < depth; k++, a += 12, b += 32)
        {
            Vector512<float> left = Vector512.Load(b);
            Vector512<float> right = Vector512.Load(b + 16);
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
    struct TileRow(Vector512<float> left, Vector512<float> right)
    {
        Vector512<float> _left = left;
        Vector512<float> _right = right;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TileRow Load(float* c, bool accumulate) =>
            accumulate ? new TileRow(Vector512.Load(c), Vector512.Load(c + 16)) : default;

        /// <summary>Returns a bias; −0, which changes nothing, where there is none.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TileRow Bias(float* bias) => bias != null
            ? new TileRow(Vector512.Load(bias), Vector512.Load(bias + 16))
            : new TileRow(Vector512.Create(-0f), Vector512.Create(-0f));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void MultiplyAdd(float a, Vector512<float> left, Vector512<float> right)
        {
            // In place: the JIT copies sums that are returned, an instruction for every two multiply-adds.
            Vector512<float> factor = Vector512.Create(a);
            _left = Vector512.FusedMultiplyAdd(factor, left, _left);
            _right = Vector512.FusedMultiplyAdd(factor, right, _right);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(float* c)
        {
            _left.Store(c);
            _right.Store(c + 16);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(TileRow added, float* c)
        {
            (_left + added._left).Store(c);
            (_right + added._right).Store(c + 16);
        }
    }
}
