using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu.Gemm;

/// <summary>
/// Products of one sentence and head, for attention: c = a b. b and c have rows padded to whole vectors.
/// </summary>
static unsafe class SmallGemm
{
    const int Lanes = ILanes<OneRegister>.Count;

    /// <summary>Returns the length of a padded row.</summary>
    public static int Pad(int columns) => CpuBackend.CeilingDivide(columns, Lanes) * Lanes;

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
        SmallOperand left = new(a, rowStride, columnStride, depth);
        int r = 0;
        if (VectorMath.HasWideRegisters)
            for (; r <= rows - 8; r += 8)
                for (int column = 0; column < padded; column += Lanes)
                    MultiplyEightRows(left.From(r), b + column, padded, c + (long)r * padded + column);
        for (; r <= rows - 4; r += 4)
            for (int column = 0; column < padded; column += Lanes)
                MultiplyFourRows(left.From(r), b + column, padded, c + (long)r * padded + column);
        for (; r < rows; r++)
            for (int column = 0; column < padded; column += Lanes)
                MultiplyRow(left.From(r), b + column, padded, c + (long)r * padded + column);
    }

    [MethodImpl(Kernel.Options)]
    static void MultiplyEightRows(SmallOperand left, float* b, int padded, float* c)
    {
        float* a = left.Data;
        long stride = left.RowStride;
        Vector512<float> c0 = default;
        Vector512<float> c1 = default;
        Vector512<float> c2 = default;
        Vector512<float> c3 = default;
        Vector512<float> c4 = default;
        Vector512<float> c5 = default;
        Vector512<float> c6 = default;
        Vector512<float> c7 = default;
        for (int k = 0; k < left.Depth; k++, a += left.ColumnStride, b += padded)
        {
            Vector512<float> row = Vector512.Load(b);
            float* lower = a + 4 * stride;
            c0 = Vector512.FusedMultiplyAdd(Vector512.Create(a[0]), row, c0);
            c1 = Vector512.FusedMultiplyAdd(Vector512.Create(a[stride]), row, c1);
            c2 = Vector512.FusedMultiplyAdd(Vector512.Create(a[2 * stride]), row, c2);
            c3 = Vector512.FusedMultiplyAdd(Vector512.Create(a[3 * stride]), row, c3);
            c4 = Vector512.FusedMultiplyAdd(Vector512.Create(lower[0]), row, c4);
            c5 = Vector512.FusedMultiplyAdd(Vector512.Create(lower[stride]), row, c5);
            c6 = Vector512.FusedMultiplyAdd(Vector512.Create(lower[2 * stride]), row, c6);
            c7 = Vector512.FusedMultiplyAdd(Vector512.Create(lower[3 * stride]), row, c7);
        }
        c0.Store(c);
        c1.Store(c + padded);
        c2.Store(c + 2 * padded);
        c3.Store(c + 3 * padded);
        c4.Store(c + 4 * padded);
        c5.Store(c + 5 * padded);
        c6.Store(c + 6 * padded);
        c7.Store(c + 7 * padded);
    }

    [MethodImpl(Kernel.Options)]
    static void MultiplyFourRows(SmallOperand left, float* b, int padded, float* c)
    {
        float* a = left.Data;
        long stride = left.RowStride;
        TileRow c0 = default;
        TileRow c1 = default;
        TileRow c2 = default;
        TileRow c3 = default;
        for (int k = 0; k < left.Depth; k++, a += left.ColumnStride, b += padded)
        {
            Vector256<float> lower = Vector256.Load(b);
            Vector256<float> upper = Vector256.Load(b + 8);
            c0.MultiplyAdd(a[0], lower, upper);
            c1.MultiplyAdd(a[stride], lower, upper);
            c2.MultiplyAdd(a[2 * stride], lower, upper);
            c3.MultiplyAdd(a[3 * stride], lower, upper);
        }
        c0.Store(c);
        c1.Store(c + padded);
        c2.Store(c + 2 * padded);
        c3.Store(c + 3 * padded);
    }

    [MethodImpl(Kernel.Options)]
    static void MultiplyRow(SmallOperand left, float* b, int padded, float* c)
    {
        float* a = left.Data;
        TileRow row = default;
        for (int k = 0; k < left.Depth; k++, a += left.ColumnStride, b += padded)
            row.MultiplyAdd(a[0], Vector256.Load(b), Vector256.Load(b + 8));
        row.Store(c);
    }

    /// <summary>The left operand: rows of <paramref name="Depth"/> numbers.</summary>
    readonly record struct SmallOperand(nint Address, int RowStride, int ColumnStride, int Depth)
    {
        public SmallOperand(float* data, int rowStride, int columnStride, int depth)
            : this((nint)data, rowStride, columnStride, depth) { }

        public float* Data => (float*)Address;

        public SmallOperand From(int row) => this with { Address = (nint)(Data + (long)row * RowStride) };
    }
}
