using EsimCse.Core.Backend;

namespace EsimCse.Cpu.Gemm;

/// <summary>A matrix as a product sees it: its transposition is a choice of strides, and happens while it is packed.</summary>
readonly unsafe struct Operand(float* data, int rowStride, int columnStride)
{
    /// <summary>The matrix as it lies.</summary>
    public static Operand NoTranspose(Matrix matrix) => new((float*)matrix.Address, matrix.Columns, 1);

    /// <summary>Its transpose.</summary>
    public static Operand Transposed(Matrix matrix) => new((float*)matrix.Address, 1, matrix.Columns);

    /// <summary>The columns [column, column + width) of rows [row, row + depth), row after row, padded with zeros to <paramref name="panel"/> columns.</summary>
    public void PackColumns(int row, int depth, int column, int width, int panel, float* target) =>
        Pack(data + (long)row * rowStride + (long)column * columnStride, rowStride, columnStride, depth, width, panel, target);

    /// <summary>The rows [row, row + height) of columns [column, column + depth), column after column, padded with zeros to <paramref name="panel"/> rows.</summary>
    public void PackRows(int row, int height, int column, int depth, int panel, float* target) =>
        Pack(data + (long)row * rowStride + (long)column * columnStride, columnStride, rowStride, depth, height, panel, target);

    static void Pack(float* source, int depthStride, int stride, int depth, int width, int panel, float* target)
    {
        if (width < panel) new Span<float>(target, depth * panel).Clear();
        if (stride == 1)
            for (int k = 0; k < depth; k++)
                new ReadOnlySpan<float>(source + (long)k * depthStride, width).CopyTo(new Span<float>(target + k * panel, width));
        else
            for (int k = 0; k < depth; k++, target += panel)
            {
                float* from = source + (long)k * depthStride;
                for (int i = 0; i < width; i++, from += stride) target[i] = *from;
            }
    }
}
