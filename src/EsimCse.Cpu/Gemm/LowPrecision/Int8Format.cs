using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using EsimCse.Core.Backend;
using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>
/// Bytes: y = Σ (s a + m) (t w) + bias with a scale s and a middle m for each row of activations, and a scale t for
/// each row of weights. Sums of a w are exact, so every kernel gives the same y.
/// </summary>
/// <remarks>
/// The middle, of the least and the largest number, gives the outputs of GELU all bits: they are never below −0.17.
/// A weight is stored with 128 added, as VPDPBUSD takes one operand unsigned; 128 Σ a is subtracted from the sums.
/// </remarks>
sealed unsafe class Int8Format(LowPrecisionTile tile) : LowPrecisionFormat(tile)
{
    const int LargestWeight = 127;

    /// <summary>One less, since the middle is rounded too.</summary>
    const int LargestActivation = 126;

    const int WeightOffset = BytePanels.Offset;

    /// <summary>The most that a row's middle is times its magnitude, so that both are whole numbers in fp32.</summary>
    const float MiddleLimit = 1 << 14;

    /// <summary>Adding it rounds to whole numbers, in the lowest bits of the sum.</summary>
    const float Rounding = 12582912f;

    protected override int NumbersOfWord => sizeof(int);

    public override ColumnScale PackWeight(ReadOnlySpan<float> row, Span<int> words)
    {
        (float least, float largest) = Range(row);
        float magnitude = MathF.Max(-least, largest);
        Quantize(row, Inverse(LargestWeight, magnitude), 0, words);
        int sum = 0;
        foreach (ref sbyte number in MemoryMarshal.Cast<int, sbyte>(words)[..row.Length])
        {
            sum += number;
            number = (sbyte)(byte)(number + WeightOffset);
        }
        float scale = magnitude / LargestWeight;
        return new ColumnScale(scale, scale * sum);
    }

    public override RowScale PackActivation(ReadOnlySpan<float> row, Span<int> words)
    {
        (float least, float largest) = Range(row);
        float middle = 0.5f * least + 0.5f * largest;
        float magnitude = MathF.Max(largest - middle, MathF.Abs(middle) / MiddleLimit);
        float inverse = Inverse(LargestActivation, magnitude);
        float zero = MathF.Round(middle * inverse);
        Quantize(row, inverse, zero, words);
        float scale = magnitude / LargestActivation;
        int sum = Sum(MemoryMarshal.Cast<int, sbyte>(words));
        return new RowScale(scale, scale * zero, WeightOffset * sum);
    }

    public override void Finish(
        int* sums, ReadOnlySpan<RowScale> rows, ColumnScales columns, float* y, int stride)
    {
        if (VectorMath.HasWideRegisters) Finish<OneRegister>(sums, rows, columns, y, stride);
        else Finish<TwoRegisters>(sums, rows, columns, y, stride);
    }

    [MethodImpl(Kernel.Options)]
    static void Finish<T>(int* sums, ReadOnlySpan<RowScale> rows, ColumnScales columns, float* y, int stride)
        where T : unmanaged, ILanes<T>
    {
        int i = 0;
        for (; i <= columns.Count - ILanes<T>.Count; i += ILanes<T>.Count)
        {
            T scales = T.Load(ref *columns.Scales, i);
            T weightSums = T.Load(ref *columns.Sums, i);
            T bias = columns.Bias == null ? default : T.Load(ref *columns.Bias, i);
            float* source = (float*)sums;
            float* target = y;
            foreach (ref readonly RowScale row in rows)
            {
                T product = T.ConvertToSingle(T.Load(ref *source, i), row.Offset) * T.Create(row.Scale);
                T added = T.MultiplyAdd(T.Create(row.Middle), weightSums, bias);
                T.MultiplyAdd(product, scales, added).Store(ref *target, i);
                source += LowPrecisionTile.Columns;
                target += stride;
            }
        }
        for (; i < columns.Count; i++)
            for (int row = 0; row < rows.Length; row++)
            {
                float bias = columns.Bias == null ? 0 : columns.Bias[i];
                float added = MathF.FusedMultiplyAdd(rows[row].Middle, columns.Sums[i], bias);
                float product = (sums[row * LowPrecisionTile.Columns + i] - rows[row].Offset) * rows[row].Scale;
                y[row * (long)stride + i] = MathF.FusedMultiplyAdd(product, columns.Scales[i], added);
            }
    }

    /// <summary>Returns the least and the largest number; NaN where one is not finite.</summary>
    static (float Least, float Largest) Range(ReadOnlySpan<float> x) => VectorMath.HasWideRegisters
        ? Range<OneRegister>(x)
        : Range<TwoRegisters>(x);

    [MethodImpl(Kernel.Options)]
    static (float Least, float Largest) Range<T>(ReadOnlySpan<float> x) where T : unmanaged, ILanes<T>
    {
        float least = x[0];
        float largest = x[0];
        float differences = 0;
        int i = 0;
        if (x.Length >= ILanes<T>.Count)
        {
            ref float first = ref MemoryMarshal.GetReference(x);
            T max = T.Load(ref first, 0);
            T negatedMin = default(T) - max;
            T zeros = max - max;
            for (i = ILanes<T>.Count; i <= x.Length - ILanes<T>.Count; i += ILanes<T>.Count)
            {
                T values = T.Load(ref first, i);
                max = T.Max(max, values);
                negatedMin = T.Max(negatedMin, default(T) - values);
                // Infinity minus itself is not a number.
                zeros += values - values;
            }
            least = -negatedMin.Largest();
            largest = max.Largest();
            differences = zeros.Sum();
        }
        for (; i < x.Length; i++)
        {
            least = MathF.Min(least, x[i]);
            largest = MathF.Max(largest, x[i]);
            differences += x[i] - x[i];
        }
        return (least + differences, largest + differences);
    }

    /// <summary>Returns largest / magnitude; 0 for a magnitude that is 0 or not finite.</summary>
    static float Inverse(int largest, float magnitude)
    {
        float inverse = largest / magnitude;
        return float.IsFinite(inverse) ? inverse : 0;
    }

    /// <summary>Computes numbers = round(x · inverse) − zero.</summary>
    static void Quantize(ReadOnlySpan<float> x, float inverse, float zero, Span<int> words)
    {
        words[(x.Length / sizeof(int))..].Clear();
        Round(x, inverse, Rounding - zero, MemoryMarshal.Cast<int, sbyte>(words));
    }

    /// <summary>Computes numbers = x · inverse + shift, of which <see cref="Rounding"/> is a part.</summary>
    [MethodImpl(Kernel.Options)]
    static void Round(ReadOnlySpan<float> x, float inverse, float shift, Span<sbyte> numbers)
    {
        int i = 0;
        if (Avx512F.IsSupported)
            for (; i <= x.Length - Vector512<float>.Count; i += Vector512<float>.Count)
            {
                Vector512<float> shifted = Vector512.FusedMultiplyAdd(
                    Vector512.Create(x[i..]), Vector512.Create(inverse), Vector512.Create(shift));
                Avx512F.ConvertToVector128SByte(shifted.AsInt32()).CopyTo(numbers[i..]);
            }
        for (; i <= x.Length - Vector128<sbyte>.Count; i += Vector128<sbyte>.Count)
        {
            Vector256<int> lower = Shifted(x[i..], inverse, shift);
            Vector256<int> upper = Shifted(x[(i + Vector256<float>.Count)..], inverse, shift);
            Vector256<short> both = Vector256.Narrow(lower, upper);
            Vector128.Narrow(both.GetLower(), both.GetUpper()).CopyTo(numbers[i..]);
        }
        for (; i < x.Length; i++)
            numbers[i] = (sbyte)BitConverter.SingleToInt32Bits(MathF.FusedMultiplyAdd(x[i], inverse, shift));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<int> Shifted(ReadOnlySpan<float> x, float inverse, float shift) => Vector256.FusedMultiplyAdd(
        Vector256.Create(x), Vector256.Create(inverse), Vector256.Create(shift)).AsInt32();

    [MethodImpl(Kernel.Options)]
    static int Sum(ReadOnlySpan<sbyte> numbers)
    {
        int i = 0;
        Vector256<int> sums = default;
        for (; i <= numbers.Length - Vector128<sbyte>.Count; i += Vector128<sbyte>.Count)
        {
            (Vector128<short> lower, Vector128<short> upper) = Vector128.Widen(Vector128.Create(numbers[i..]));
            (Vector128<int> even, Vector128<int> odd) = Vector128.Widen(lower + upper);
            sums += Vector256.Create(even, odd);
        }
        int sum = Vector256.Sum(sums);
        for (; i < numbers.Length; i++) sum += numbers[i];
        return sum;
    }
}
