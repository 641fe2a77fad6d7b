using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace EsimCse.Cpu.Gemm;

/// <summary>A tile of 6 × 16 in 12 registers of 256 bits.</summary>
readonly unsafe struct GemmVector256 : IMicroKernel
{
    public static int Rows => 6;

    public static int Columns => 16;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(int depth, float* a, float* b, float* c, int stride, bool continues)
    {
        Vector256<float> c0a = default, c0b = default;
        Vector256<float> c1a = default, c1b = default;
        Vector256<float> c2a = default, c2b = default;
        Vector256<float> c3a = default, c3b = default;
        Vector256<float> c4a = default, c4b = default;
        Vector256<float> c5a = default, c5b = default;
        if (continues)
        {
            (c0a, c0b) = (Vector256.Load(c), Vector256.Load(c + 8));
            (c1a, c1b) = (Vector256.Load(c + 1 * stride), Vector256.Load(c + 1 * stride + 8));
            (c2a, c2b) = (Vector256.Load(c + 2 * stride), Vector256.Load(c + 2 * stride + 8));
            (c3a, c3b) = (Vector256.Load(c + 3 * stride), Vector256.Load(c + 3 * stride + 8));
            (c4a, c4b) = (Vector256.Load(c + 4 * stride), Vector256.Load(c + 4 * stride + 8));
            (c5a, c5b) = (Vector256.Load(c + 5 * stride), Vector256.Load(c + 5 * stride + 8));
        }
        for (int k = 0; k < depth; k++, a += 6, b += 16)
        {
            Vector256<float> ba = Vector256.Load(b), bb = Vector256.Load(b + 8);
            Vector256<float> a0 = Vector256.Create(a[0]);
            c0a = Vector256.FusedMultiplyAdd(a0, ba, c0a);
            c0b = Vector256.FusedMultiplyAdd(a0, bb, c0b);
            Vector256<float> a1 = Vector256.Create(a[1]);
            c1a = Vector256.FusedMultiplyAdd(a1, ba, c1a);
            c1b = Vector256.FusedMultiplyAdd(a1, bb, c1b);
            Vector256<float> a2 = Vector256.Create(a[2]);
            c2a = Vector256.FusedMultiplyAdd(a2, ba, c2a);
            c2b = Vector256.FusedMultiplyAdd(a2, bb, c2b);
            Vector256<float> a3 = Vector256.Create(a[3]);
            c3a = Vector256.FusedMultiplyAdd(a3, ba, c3a);
            c3b = Vector256.FusedMultiplyAdd(a3, bb, c3b);
            Vector256<float> a4 = Vector256.Create(a[4]);
            c4a = Vector256.FusedMultiplyAdd(a4, ba, c4a);
            c4b = Vector256.FusedMultiplyAdd(a4, bb, c4b);
            Vector256<float> a5 = Vector256.Create(a[5]);
            c5a = Vector256.FusedMultiplyAdd(a5, ba, c5a);
            c5b = Vector256.FusedMultiplyAdd(a5, bb, c5b);
        }
        c0a.Store(c);
        c0b.Store(c + 8);
        c1a.Store(c + 1 * stride);
        c1b.Store(c + 1 * stride + 8);
        c2a.Store(c + 2 * stride);
        c2b.Store(c + 2 * stride + 8);
        c3a.Store(c + 3 * stride);
        c3b.Store(c + 3 * stride + 8);
        c4a.Store(c + 4 * stride);
        c4b.Store(c + 4 * stride + 8);
        c5a.Store(c + 5 * stride);
        c5b.Store(c + 5 * stride + 8);
    }
}
