using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace EsimCse.Cpu.Gemm;

/// <summary>A tile of 12 × 32 in 24 registers of 512 bits: 24 products for 2 loads and 12 broadcasts.</summary>
readonly unsafe struct GemmVector512 : IMicroKernel
{
    public static int Rows => 12;

    public static int Columns => 32;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(int depth, float* a, float* b, float* c, int stride, bool continues)
    {
        Vector512<float> c0a = default, c0b = default;
        Vector512<float> c1a = default, c1b = default;
        Vector512<float> c2a = default, c2b = default;
        Vector512<float> c3a = default, c3b = default;
        Vector512<float> c4a = default, c4b = default;
        Vector512<float> c5a = default, c5b = default;
        Vector512<float> c6a = default, c6b = default;
        Vector512<float> c7a = default, c7b = default;
        Vector512<float> c8a = default, c8b = default;
        Vector512<float> c9a = default, c9b = default;
        Vector512<float> c10a = default, c10b = default;
        Vector512<float> c11a = default, c11b = default;
        if (continues)
        {
            (c0a, c0b) = (Vector512.Load(c), Vector512.Load(c + 16));
            (c1a, c1b) = (Vector512.Load(c + 1 * stride), Vector512.Load(c + 1 * stride + 16));
            (c2a, c2b) = (Vector512.Load(c + 2 * stride), Vector512.Load(c + 2 * stride + 16));
            (c3a, c3b) = (Vector512.Load(c + 3 * stride), Vector512.Load(c + 3 * stride + 16));
            (c4a, c4b) = (Vector512.Load(c + 4 * stride), Vector512.Load(c + 4 * stride + 16));
            (c5a, c5b) = (Vector512.Load(c + 5 * stride), Vector512.Load(c + 5 * stride + 16));
            (c6a, c6b) = (Vector512.Load(c + 6 * stride), Vector512.Load(c + 6 * stride + 16));
            (c7a, c7b) = (Vector512.Load(c + 7 * stride), Vector512.Load(c + 7 * stride + 16));
            (c8a, c8b) = (Vector512.Load(c + 8 * stride), Vector512.Load(c + 8 * stride + 16));
            (c9a, c9b) = (Vector512.Load(c + 9 * stride), Vector512.Load(c + 9 * stride + 16));
            (c10a, c10b) = (Vector512.Load(c + 10 * stride), Vector512.Load(c + 10 * stride + 16));
            (c11a, c11b) = (Vector512.Load(c + 11 * stride), Vector512.Load(c + 11 * stride + 16));
        }
        for (int k = 0; k < depth; k++, a += 12, b += 32)
        {
            Vector512<float> ba = Vector512.Load(b), bb = Vector512.Load(b + 16);
            Vector512<float> a0 = Vector512.Create(a[0]);
            c0a = Vector512.FusedMultiplyAdd(a0, ba, c0a);
            c0b = Vector512.FusedMultiplyAdd(a0, bb, c0b);
            Vector512<float> a1 = Vector512.Create(a[1]);
            c1a = Vector512.FusedMultiplyAdd(a1, ba, c1a);
            c1b = Vector512.FusedMultiplyAdd(a1, bb, c1b);
            Vector512<float> a2 = Vector512.Create(a[2]);
            c2a = Vector512.FusedMultiplyAdd(a2, ba, c2a);
            c2b = Vector512.FusedMultiplyAdd(a2, bb, c2b);
            Vector512<float> a3 = Vector512.Create(a[3]);
            c3a = Vector512.FusedMultiplyAdd(a3, ba, c3a);
            c3b = Vector512.FusedMultiplyAdd(a3, bb, c3b);
            Vector512<float> a4 = Vector512.Create(a[4]);
            c4a = Vector512.FusedMultiplyAdd(a4, ba, c4a);
            c4b = Vector512.FusedMultiplyAdd(a4, bb, c4b);
            Vector512<float> a5 = Vector512.Create(a[5]);
            c5a = Vector512.FusedMultiplyAdd(a5, ba, c5a);
            c5b = Vector512.FusedMultiplyAdd(a5, bb, c5b);
            Vector512<float> a6 = Vector512.Create(a[6]);
            c6a = Vector512.FusedMultiplyAdd(a6, ba, c6a);
            c6b = Vector512.FusedMultiplyAdd(a6, bb, c6b);
            Vector512<float> a7 = Vector512.Create(a[7]);
            c7a = Vector512.FusedMultiplyAdd(a7, ba, c7a);
            c7b = Vector512.FusedMultiplyAdd(a7, bb, c7b);
            Vector512<float> a8 = Vector512.Create(a[8]);
            c8a = Vector512.FusedMultiplyAdd(a8, ba, c8a);
            c8b = Vector512.FusedMultiplyAdd(a8, bb, c8b);
            Vector512<float> a9 = Vector512.Create(a[9]);
            c9a = Vector512.FusedMultiplyAdd(a9, ba, c9a);
            c9b = Vector512.FusedMultiplyAdd(a9, bb, c9b);
            Vector512<float> a10 = Vector512.Create(a[10]);
            c10a = Vector512.FusedMultiplyAdd(a10, ba, c10a);
            c10b = Vector512.FusedMultiplyAdd(a10, bb, c10b);
            Vector512<float> a11 = Vector512.Create(a[11]);
            c11a = Vector512.FusedMultiplyAdd(a11, ba, c11a);
            c11b = Vector512.FusedMultiplyAdd(a11, bb, c11b);
        }
        c0a.Store(c);
        c0b.Store(c + 16);
        c1a.Store(c + 1 * stride);
        c1b.Store(c + 1 * stride + 16);
        c2a.Store(c + 2 * stride);
        c2b.Store(c + 2 * stride + 16);
        c3a.Store(c + 3 * stride);
        c3b.Store(c + 3 * stride + 16);
        c4a.Store(c + 4 * stride);
        c4b.Store(c + 4 * stride + 16);
        c5a.Store(c + 5 * stride);
        c5b.Store(c + 5 * stride + 16);
        c6a.Store(c + 6 * stride);
        c6b.Store(c + 6 * stride + 16);
        c7a.Store(c + 7 * stride);
        c7b.Store(c + 7 * stride + 16);
        c8a.Store(c + 8 * stride);
        c8b.Store(c + 8 * stride + 16);
        c9a.Store(c + 9 * stride);
        c9b.Store(c + 9 * stride + 16);
        c10a.Store(c + 10 * stride);
        c10b.Store(c + 10 * stride + 16);
        c11a.Store(c + 11 * stride);
        c11b.Store(c + 11 * stride + 16);
    }
}
