using System.Runtime.Intrinsics;

namespace EsimCse.Cpu.Gemm;

/// <summary>The small products of attention: c = a b for one sentence and head, b packed with its rows padded to whole vectors.</summary>
static unsafe class SmallGemm
{
    const int Lanes = 16;

    public static int Padded(int columns) => (columns + Lanes - 1) / Lanes * Lanes;

    /// <summary>packed[r, c] = source[r · rowStride + c · columnStride], zeros up to the padded columns.</summary>
    public static void Pack(float* source, int rowStride, int columnStride, int rows, int columns, float* packed)
    {
        int padded = Padded(columns);
        for (int r = 0; r < rows; r++, packed += padded)
        {
            float* from = source + (long)r * rowStride;
            for (int c = 0; c < columns; c++) packed[c] = from[(long)c * columnStride];
            for (int c = columns; c < padded; c++) packed[c] = 0;
        }
    }

    /// <summary>c [rows, padded] = a b; a through strides, b and c with rows of <paramref name="padded"/> elements. Each element adds in the order of depth.</summary>
    public static void Multiply(float* a, int rowStride, int columnStride, float* b, int padded, float* c, int rows, int depth)
    {
        int r = 0;
        for (; r <= rows - 4; r += 4)
            for (int column = 0; column < padded; column += Lanes)
                Four(a + (long)r * rowStride, rowStride, columnStride, b + column, padded, c + (long)r * padded + column, depth);
        for (; r < rows; r++)
            for (int column = 0; column < padded; column += Lanes)
                One(a + (long)r * rowStride, columnStride, b + column, padded, c + (long)r * padded + column, depth);
    }

    static void Four(float* a, int rowStride, int columnStride, float* b, int padded, float* c, int depth)
    {
        Vector512<float> c0 = default, c1 = default, c2 = default, c3 = default;
        for (int k = 0; k < depth; k++, a += columnStride, b += padded)
        {
            Vector512<float> row = Vector512.Load(b);
            c0 = Vector512.FusedMultiplyAdd(Vector512.Create(a[0]), row, c0);
            c1 = Vector512.FusedMultiplyAdd(Vector512.Create(a[rowStride]), row, c1);
            c2 = Vector512.FusedMultiplyAdd(Vector512.Create(a[2 * rowStride]), row, c2);
            c3 = Vector512.FusedMultiplyAdd(Vector512.Create(a[3 * rowStride]), row, c3);
        }
        c0.Store(c);
        c1.Store(c + padded);
        c2.Store(c + 2 * padded);
        c3.Store(c + 3 * padded);
    }

    static void One(float* a, int columnStride, float* b, int padded, float* c, int depth)
    {
        Vector512<float> sum = default;
        for (int k = 0; k < depth; k++, a += columnStride, b += padded)
            sum = Vector512.FusedMultiplyAdd(Vector512.Create(*a), Vector512.Load(b), sum);
        sum.Store(c);
    }
}
