using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu.Gemm;

/// <summary>A tile of 6 × 16 in 12 registers of 256 bits.</summary>
readonly unsafe struct GemmVector256 : IMicroKernel
{
    public static int Rows => 6;

    public static int Columns => 16;

    public static int EdgeRows => 3;

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
        for (int k = 0; k < depth; k++, a += 6, b += 16)
        {
            Vector256<float> left = Vector256.Load(b);
            Vector256<float> right = Vector256.Load(b + 8);
            c0.MultiplyAdd(a[0], left, right);
            c1.MultiplyAdd(a[1], left, right);
            c2.MultiplyAdd(a[2], left, right);
            c3.MultiplyAdd(a[3], left, right);
            c4.MultiplyAdd(a[4], left, right);
            c5.MultiplyAdd(a[5], left, right);
        }
        TileRow added = TileRow.Bias(bias);
        c0.Store(added, c);
        c1.Store(added, c + 1 * stride);
        c2.Store(added, c + 2 * stride);
        c3.Store(added, c + 3 * stride);
        c4.Store(added, c + 4 * stride);
        c5.Store(added, c + 5 * stride);
    }

    [MethodImpl(Kernel.Options)]
    public static void RunEdge(int depth, float* a, float* b, float* c, int stride, bool accumulate)
    {
        TileRow c0 = TileRow.Load(c, accumulate);
        TileRow c1 = TileRow.Load(c + 1 * stride, accumulate);
        TileRow c2 = TileRow.Load(c + 2 * stride, accumulate);
        for (int k = 0; k < depth; k++, a += 6, b += 16)
        {
            Vector256<float> left = Vector256.Load(b);
            Vector256<float> right = Vector256.Load(b + 8);
            c0.MultiplyAdd(a[0], left, right);
            c1.MultiplyAdd(a[1], left, right);
            c2.MultiplyAdd(a[2], left, right);
        }
        c0.Store(c);
        c1.Store(c + 1 * stride);
        c2.Store(c + 2 * stride);
    }
}
