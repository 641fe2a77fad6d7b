using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>Both operands rounded to bf16, sums in fp32.</summary>
sealed unsafe class BFloat16Format(LowPrecisionTile tile) : LowPrecisionFormat(tile)
{
    protected override int NumbersOfWord => 2;

    public override ColumnScale PackWeight(ReadOnlySpan<float> row, Span<int> words)
    {
        Round(row, words);
        return default;
    }

    public override RowScale PackActivation(ReadOnlySpan<float> row, Span<int> words)
    {
        Round(row, words);
        return default;
    }

    public override void Finish(
        int* sums, ReadOnlySpan<RowScale> rows, ColumnScales columns, float* y, int stride)
    {
        if (VectorMath.HasWideRegisters) Finish<OneRegister>((float*)sums, rows.Length, columns, y, stride);
        else Finish<TwoRegisters>((float*)sums, rows.Length, columns, y, stride);
    }

    [MethodImpl(Kernel.Options)]
    static void Finish<T>(float* sums, int rows, ColumnScales columns, float* y, int stride)
        where T : unmanaged, ILanes<T>
    {
        int i = 0;
        for (; i <= columns.Count - ILanes<T>.Count; i += ILanes<T>.Count)
        {
            // A sum of −0 keeps its sign.
            T bias = columns.Bias == null ? T.Create(-0f) : T.Load(ref *columns.Bias, i);
            float* target = y;
            for (float* row = sums; row < sums + rows * LowPrecisionTile.Columns; row += LowPrecisionTile.Columns)
            {
                (T.Load(ref *row, i) + bias).Store(ref *target, i);
                target += stride;
            }
        }
        for (; i < columns.Count; i++)
            for (int row = 0; row < rows; row++)
            {
                float bias = columns.Bias == null ? -0f : columns.Bias[i];
                y[row * (long)stride + i] = sums[row * LowPrecisionTile.Columns + i] + bias;
            }
    }

    static void Round(ReadOnlySpan<float> row, Span<int> words)
    {
        words[(row.Length / 2)..].Clear();
        BFloat16.Round(MemoryMarshal.Cast<float, uint>(row), MemoryMarshal.Cast<int, ushort>(words)[..row.Length]);
    }
}
