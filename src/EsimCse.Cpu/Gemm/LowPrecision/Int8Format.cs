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

    public override int Words(int depth) => (depth + sizeof(int) - 1) / sizeof(int);

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
        int* sums, RowScale row, float* scales, float* weightSums, float* bias, float* y, int columns)
    {
        int i = 0;
        if (Vector512.IsHardwareAccelerated)
            for (; i <= columns - Vector512<float>.Count; i += Vector512<float>.Count)
            {
                Vector512<int> sum = Vector512.Load(sums + i) - Vector512.Create(row.Offset);
                Vector512<float> product = Vector512.ConvertToSingle(sum) * Vector512.Create(row.Scale);
                Vector512<float> added = bias == null ? default : Vector512.Load(bias + i);
                Vector512<float> middle = Vector512.Create(row.Middle);
                added = Vector512.FusedMultiplyAdd(middle, Vector512.Load(weightSums + i), added);
                Vector512.FusedMultiplyAdd(product, Vector512.Load(scales + i), added).Store(y + i);
            }
        for (; i <= columns - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            Vector256<int> sum = Vector256.Load(sums + i) - Vector256.Create(row.Offset);
            Vector256<float> product = Vector256.ConvertToSingle(sum) * Vector256.Create(row.Scale);
            Vector256<float> added = bias == null ? default : Vector256.Load(bias + i);
            Vector256<float> middle = Vector256.Create(row.Middle);
            added = Vector256.FusedMultiplyAdd(middle, Vector256.Load(weightSums + i), added);
            Vector256.FusedMultiplyAdd(product, Vector256.Load(scales + i), added).Store(y + i);
        }
        for (; i < columns; i++)
        {
            float added = MathF.FusedMultiplyAdd(row.Middle, weightSums[i], bias == null ? 0 : bias[i]);
            y[i] = MathF.FusedMultiplyAdd((sums[i] - row.Offset) * row.Scale, scales[i], added);
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
        words[^1] = 0;
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
