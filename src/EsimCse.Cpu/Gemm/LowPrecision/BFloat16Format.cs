using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>Both operands rounded to bf16, sums in fp32.</summary>
sealed unsafe class BFloat16Format(LowPrecisionTile tile) : LowPrecisionFormat(tile)
{
    public override int Words(int depth) => (depth + 1) / 2;

    public override ColumnScale PackWeight(ReadOnlySpan<float> row, Span<int> words)
    {
        Round(row, words);
        return default;
    }

    public override RowScale PackActivation(ReadOnlySpan<float> row, Span<int> words)
    {
        Round(row, words);
        return new RowScale(1, 0, 0);
    }

    public override void Finish(
        int* sums, RowScale row, float* scales, float* weightSums, float* bias, float* y, int columns)
    {
        ReadOnlySpan<float> values = new(sums, columns);
        Span<float> target = new(y, columns);
        if (bias == null) values.CopyTo(target);
        else TensorPrimitives.Add(values, new ReadOnlySpan<float>(bias, columns), target);
    }

    static void Round(ReadOnlySpan<float> row, Span<int> words)
    {
        words[^1] = 0;
        BFloat16.Round(MemoryMarshal.Cast<float, uint>(row), MemoryMarshal.Cast<int, ushort>(words)[..row.Length]);
    }
}
