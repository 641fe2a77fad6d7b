using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using EsimCse.Core.Backend;
using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu.Gemm;

/// <summary>An operand of a product. A transposition is a choice of strides and takes effect while packing.</summary>
readonly unsafe struct Operand(float* data, int rowStride, int columnStride)
{
    public static Operand NoTranspose(Matrix matrix) => new((float*)matrix.Address, matrix.Columns, 1);

    public static Operand Transposed(Matrix matrix) => new((float*)matrix.Address, 1, matrix.Columns);

    /// <summary>
    /// Packs rows [row, row + depth) of columns [column, column + width), row after row, each padded with zeros to
    /// <paramref name="panel"/> elements.
    /// </summary>
    public void PackColumns(int row, int depth, int column, int width, int panel, float* target) =>
        Pack(At(row, column), rowStride, columnStride, depth, width, panel, target);

    /// <summary>
    /// Packs columns [column, column + depth) of rows [row, row + height), column after column, each padded with zeros
    /// to <paramref name="panel"/> elements.
    /// </summary>
    public void PackRows(int row, int height, int column, int depth, int panel, float* target) =>
        Pack(At(row, column), columnStride, rowStride, depth, height, panel, target);

    float* At(int row, int column) => data + (long)row * rowStride + (long)column * columnStride;

    static void Pack(float* source, int depthStride, int stride, int depth, int width, int panel, float* target)
    {
        if (width < panel) new Span<float>(target, depth * panel).Clear();
        if (stride == 1) PackContiguous(source, depthStride, depth, width, panel, target);
        else if (depthStride == 1) PackTransposed(source, stride, depth, width, panel, target);
        else PackStrided(source, depthStride, stride, depth, width, panel, target);
    }

    [MethodImpl(Kernel.Options)]
    static void PackContiguous(float* source, int depthStride, int depth, int width, int panel, float* target)
    {
        // A call to copy so few numbers takes longer than the copy.
        for (int k = 0; k < depth; k++, source += depthStride, target += panel)
        {
            int i = 0;
            for (; i <= width - 8 && Vector256.IsHardwareAccelerated; i += 8)
                Vector256.Load(source + i).Store(target + i);
            for (; i <= width - 4; i += 4) Vector128.Load(source + i).Store(target + i);
            for (; i < width; i++) target[i] = source[i];
        }
    }

    [MethodImpl(Kernel.Options)]
    static void PackTransposed(float* source, int stride, int depth, int width, int panel, float* target)
    {
        int k = 0;
        for (; k <= depth - 4; k += 4, source += 4, target += 4 * panel)
        {
            int i = 0;
            for (; i <= width - 8 && Avx.IsSupported; i += 8)
                TransposeEight(source + (long)i * stride, stride, target + i, panel);
            for (; i <= width - 4; i += 4) TransposeFour(source + (long)i * stride, stride, target + i, panel);
            if (i < width) PackStrided(source + (long)i * stride, 1, stride, 4, width - i, panel, target + i);
        }
        if (k < depth) PackStrided(source, 1, stride, depth - k, width, panel, target);
    }

    /// <summary>Transposes a tile of 8 × 4, as two of 4 × 4 side by side.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void TransposeEight(float* source, int stride, float* target, int targetStride)
    {
        float* lower = source + 4 * (long)stride;
        Vector256<float> a = Vector256.Create(Vector128.Load(source), Vector128.Load(lower));
        Vector256<float> b = Vector256.Create(Vector128.Load(source + stride), Vector128.Load(lower + stride));
        source += 2 * (long)stride;
        lower += 2 * (long)stride;
        Vector256<float> c = Vector256.Create(Vector128.Load(source), Vector128.Load(lower));
        Vector256<float> d = Vector256.Create(Vector128.Load(source + stride), Vector128.Load(lower + stride));
        Vector256<float> ac = Avx.UnpackLow(a, c);
        Vector256<float> bd = Avx.UnpackLow(b, d);
        Avx.UnpackLow(ac, bd).Store(target);
        Avx.UnpackHigh(ac, bd).Store(target + targetStride);
        ac = Avx.UnpackHigh(a, c);
        bd = Avx.UnpackHigh(b, d);
        Avx.UnpackLow(ac, bd).Store(target + 2 * targetStride);
        Avx.UnpackHigh(ac, bd).Store(target + 3 * targetStride);
    }

    /// <summary>Transposes a tile of 4 × 4.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void TransposeFour(float* source, int stride, float* target, int targetStride)
    {
        Vector128<float> a = Vector128.Load(source);
        Vector128<float> b = Vector128.Load(source + stride);
        Vector128<float> c = Vector128.Load(source + 2 * (long)stride);
        Vector128<float> d = Vector128.Load(source + 3 * (long)stride);
        Vector128<float> ac = UnpackLow(a, c);
        Vector128<float> bd = UnpackLow(b, d);
        UnpackLow(ac, bd).Store(target);
        UnpackHigh(ac, bd).Store(target + targetStride);
        ac = UnpackHigh(a, c);
        bd = UnpackHigh(b, d);
        UnpackLow(ac, bd).Store(target + 2 * targetStride);
        UnpackHigh(ac, bd).Store(target + 3 * targetStride);
    }

    static void PackStrided(float* source, int depthStride, int stride, int depth, int width, int panel, float* target)
    {
        for (int k = 0; k < depth; k++, target += panel)
        {
            float* from = source + (long)k * depthStride;
            for (int i = 0; i < width; i++, from += stride) target[i] = *from;
        }
    }

    /// <summary>Returns a0 b0 a1 b1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<float> UnpackLow(Vector128<float> a, Vector128<float> b) => Sse.IsSupported
        ? Sse.UnpackLow(a, b)
        : AdvSimd.Arm64.ZipLow(a, b);

    /// <summary>Returns a2 b2 a3 b3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<float> UnpackHigh(Vector128<float> a, Vector128<float> b) => Sse.IsSupported
        ? Sse.UnpackHigh(a, b)
        : AdvSimd.Arm64.ZipHigh(a, b);
}
