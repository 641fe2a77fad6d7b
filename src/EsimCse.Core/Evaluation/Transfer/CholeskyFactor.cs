using System.Numerics.Tensors;

namespace EsimCse.Core.Evaluation.Transfer;

/// <summary>The lower triangular factor L of a symmetric positive definite matrix A = L·Lᵀ. Immutable.</summary>
sealed class CholeskyFactor
{
    /// <summary>
    /// Smallest pivot relative to the diagonal element of A. Rounding can make the pivot of a column that depends on
    /// the others zero or negative; the factor is then that of a matrix close to A.
    /// </summary>
    const double MinPivot = 1e-10;

    /// <summary>The rows of L without the zeros above the diagonal, one after the other.</summary>
    readonly double[] _rows;

    CholeskyFactor(int size)
    {
        Size = size;
        _rows = new double[size * (size + 1) / 2];
    }

    /// <summary>Number of rows of L.</summary>
    public int Size { get; }

    /// <summary>Computes the factor of the matrix whose lower triangle is given, row by row.</summary>
    public static CholeskyFactor Compute(SymmetricMatrix matrix)
    {
        CholeskyFactor factor = new(matrix.Size);
        for (int i = 0; i < matrix.Size; i++)
        {
            ReadOnlySpan<double> source = matrix.Row(i);
            Span<double> row = factor.MutableRow(i);
            for (int j = 0; j < i; j++)
            {
                ReadOnlySpan<double> other = factor.Row(j);
                row[j] = (source[j] - TensorPrimitives.Dot(row[..j], other[..j])) / other[j];
            }
            double pivot = source[i] - TensorPrimitives.SumOfSquares<double>(row[..i]);
            row[i] = Math.Sqrt(Math.Max(pivot, MinPivot * source[i]));
        }
        return factor;
    }

    /// <summary>Replaces x by L⁻¹·x.</summary>
    public void Solve(Span<double> x)
    {
        for (int i = 0; i < Size; i++)
        {
            ReadOnlySpan<double> row = Row(i);
            x[i] = (x[i] - TensorPrimitives.Dot(row[..i], x[..i])) / row[i];
        }
    }

    /// <summary>Replaces x by L⁻ᵀ·x.</summary>
    public void SolveTransposed(Span<double> x)
    {
        for (int i = Size - 1; i >= 0; i--)
        {
            ReadOnlySpan<double> row = Row(i);
            x[i] /= row[i];
            TensorPrimitives.MultiplyAdd(row[..i], -x[i], x[..i], x[..i]);
        }
    }

    /// <summary>Replaces x by Lᵀ·x.</summary>
    public void MultiplyTransposed(Span<double> x)
    {
        // Row i changes elements up to i only, so the elements after it are still those of x.
        for (int i = 0; i < Size; i++)
        {
            ReadOnlySpan<double> row = Row(i);
            double value = x[i];
            x[i] = 0;
            TensorPrimitives.MultiplyAdd(row, value, x[..(i + 1)], x[..(i + 1)]);
        }
    }

    ReadOnlySpan<double> Row(int i) => MutableRow(i);

    Span<double> MutableRow(int i) => _rows.AsSpan(i * (i + 1) / 2, i + 1);
}
