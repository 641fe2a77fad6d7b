using EsimCse.Core.Backend;

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
        else PackStrided(source, depthStride, stride, depth, width, panel, target);
    }

    static void PackContiguous(float* source, int depthStride, int depth, int width, int panel, float* target)
    {
        for (int k = 0; k < depth; k++)
        {
            ReadOnlySpan<float> line = new(source + (long)k * depthStride, width);
            line.CopyTo(new Span<float>(target + k * panel, width));
        }
    }

    static void PackStrided(float* source, int depthStride, int stride, int depth, int width, int panel, float* target)
    {
        for (int k = 0; k < depth; k++, target += panel)
        {
            float* from = source + (long)k * depthStride;
            for (int i = 0; i < width; i++, from += stride) target[i] = *from;
        }
    }
}
