using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace EsimCse.Search;

/// <summary>The numbers that belong to a vector x that is rounded to bytes a: x = Scale a + residual.</summary>
/// <param name="Scale">The factor of the bytes: max |x| / 127.</param>
/// <param name="Norm">The Euclidean norm of x; infinity where it is no fp32.</param>
/// <param name="Error">A bound of the norm of the residual.</param>
[StructLayout(LayoutKind.Sequential)]
readonly record struct QuantizedRow(float Scale, float Norm, float Error)
{
    /// <summary>Members of the structure, the columns of a file of them.</summary>
    public const int Columns = 3;

    const int Largest = 127;

    /// <summary>Returns the row of a vector that is not rounded.</summary>
    public static QuantizedRow Unrounded(float norm) => new(1, norm, 0);

    /// <summary>Rounds a vector to bytes of −127 … 127, of which the largest in magnitude is ±127.</summary>
    /// <param name="vector">The vector, finite.</param>
    /// <param name="bytes">Overwritten, of the same length.</param>
    public static QuantizedRow Compute(ReadOnlySpan<float> vector, Span<sbyte> bytes)
    {
        float scale = (float)(Math.Abs((double)TensorPrimitives.MaxMagnitude(vector)) / Largest);
        double inverse = scale == 0 ? 0 : 1.0 / scale;
        double squares = 0;
        double residuals = 0;
        for (int i = 0; i < vector.Length; i++)
        {
            double element = vector[i];
            double rounded = Math.Clamp(Math.Round(element * inverse), -Largest, Largest);
            double residual = element - scale * rounded;
            bytes[i] = (sbyte)rounded;
            squares += element * element;
            residuals += residual * residual;
        }
        // The margin is that of the sum in double and of its conversion to fp32.
        float error = MathF.BitIncrement((float)(Math.Sqrt(residuals) * (1 + 1e-7)));
        return new(scale, (float)Math.Sqrt(squares), error);
    }
}
