using System.Diagnostics.CodeAnalysis;

namespace EsimCse.Core.Backend;

/// <summary>
/// Matrices of one shape at equal distances in memory, as one tensor of every layer is: one operation reads or writes
/// them all. A matrix is a stack of one.
/// </summary>
/// <param name="First">The first matrix; an absent argument where it is absent.</param>
/// <param name="Count">Number of matrices.</param>
/// <param name="Stride">Bytes from a matrix to the next.</param>
public readonly record struct MatrixStack(Matrix First, int Count, long Stride)
{
    /// <summary>Whether this is a stack and not an absent argument.</summary>
    public bool IsPresent => First.IsPresent;

    /// <summary>The matrix at an index.</summary>
    public Matrix this[int index] => First with { Address = First.Address + (nint)(index * Stride) };

    /// <summary>A matrix as a stack.</summary>
    public static implicit operator MatrixStack(Matrix matrix) => new(matrix, 1, 0);

    /// <summary>Returns the stack of matrices, in their order.</summary>
    /// <exception cref="ArgumentException">
    /// There are none, their shapes differ, or they are not at equal distances.
    /// </exception>
    public static MatrixStack Of(params IReadOnlyList<Matrix> matrices)
    {
        ArgumentNullException.ThrowIfNull(matrices);
        if (matrices.Count == 0) throw new ArgumentException("a stack of no matrices");
        long stride = matrices.Count == 1 ? 0 : matrices[1].Address - matrices[0].Address;
        MatrixStack stack = new(matrices[0], matrices.Count, stride);
        for (int i = 0; i < matrices.Count; i++)
            if (matrices[i] != stack[i]) ThrowUnequal(matrices[i], stack[i], i);
        return stack;
    }

    [DoesNotReturn]
    static void ThrowUnequal(Matrix found, Matrix expected, int index) => throw new ArgumentException(
        $"matrix {index} of a stack is {found} at {found.Address}, expected {expected} at {expected.Address}");
}
