using System.Runtime.Intrinsics;

namespace EsimCse.Cpu.Gemm;

/// <summary>
/// Products of one sentence and head, for attention: c = a b. b and c have rows padded to whole vectors.
/// </summary>
static unsafe class SmallGemm
{
    const int VectorLength = 16;

    /// <summary>Returns the length of a padded row.</summary>
    public static int Pad(int columns) => (columns + VectorLength - 1) / VectorLength * VectorLength;

    /// <summary>Packs source[r · rowStride + c · columnStride] into packed[r, c], with zeros in the padding.</summary>
    public static void Pack(float* source, int rowStride, int columnStride, int rows, int columns, float* packed) =>
        new Operand(source, rowStride, columnStride).PackColumns(0, rows, 0, columns, Pad(columns), packed);

    /// <summary>Copies packed[r, c] to target[r · stride + c].</summary>
    public static void Unpack(float* packed, int rows, int columns, float* target, int stride)
    {
        int padded = Pad(columns);
        for (int r = 0; r < rows; r++)
        {
            ReadOnlySpan<float> row = new(packed + (long)r * padded, columns);
            row.CopyTo(new Span<float>(target + (long)r * stride, columns));
        }
    }

    /// <summary>
    /// Computes c = a b; each element is a sum in the order of k.
    /// a[r, k] = a[r · rowStride + k · columnStride]; b [depth, padded]; c [rows, padded].
    /// </summary>
    public static void Multiply(
        float* a, int rowStride, int columnStride, float* b, int padded, float* c, int rows, int depth)
    {
        int r = 0;
        for (; r <= rows - 4; r += 4)
        {
            float* aRow = a + (long)r * rowStride;
            float* cRow = c + (long)r * padded;
            for (int column = 0; column < padded; column += VectorLength)
                MultiplyFourRows(aRow, rowStride, columnStride, b + column, padded, cRow + column, depth);
        }
        for (; r < rows; r++)
        {
            float* aRow = a + (long)r * rowStride;
            float* cRow = c + (long)r * padded;
            for (int column = 0; column < padded; column += VectorLength)
                MultiplyRow(aRow, columnStride, b + column, padded, cRow + column, depth);
        }
    }

    static void MultiplyFourRows(
        float* a, int rowStride, int columnStride, float* b, int padded, float* c, int depth)
    {
        TileRow c0 = default;
        TileRow c1 = default;
        TileRow c2 = default;
        TileRow c3 = default;
        for (int k = 0; k < depth; k++, a += columnStride, b += padded)
        {
            Vector256<float> left = Vector256.Load(b);
            Vector256<float> right = Vector256.Load(b + 8);
            c0 = c0.MultiplyAdd(a[0], left, right);
            c1 = c1.MultiplyAdd(a[rowStride], left, right);
            c2 = c2.MultiplyAdd(a[2 * rowStride], left, right);
            c3 = c3.MultiplyAdd(a[3 * rowStride], left, right);
        }
        c0.Store(c);
        c1.Store(c + padded);
        c2.Store(c + 2 * padded);
        c3.Store(c + 3 * padded);
    }

    static void MultiplyRow(float* a, int columnStride, float* b, int padded, float* c, int depth)
    {
        TileRow row = default;
        for (int k = 0; k < depth; k++, a += columnStride, b += padded)
            row = row.MultiplyAdd(a[0], Vector256.Load(b), Vector256.Load(b + 8));
        row.Store(c);
    }
}
