using System.Diagnostics.CodeAnalysis;

namespace EsimCse.Core.Backend;

/// <summary>
/// A row-major view of a backend's memory: address, shape, element type. It neither allocates nor computes.
/// The default value is an absent argument of an operation.
/// </summary>
/// <param name="Address">A device address or a pointer; 0 if absent or empty.</param>
/// <param name="Rows">Rows, at least 0.</param>
/// <param name="Columns">Columns, at least 0; rows are contiguous.</param>
/// <param name="Type">The element type.</param>
public readonly record struct Matrix(nint Address, int Rows, int Columns, ElementType Type = ElementType.Float32)
{
    /// <summary>Number of elements.</summary>
    public long Count => (long)Rows * Columns;

    /// <summary>Number of bytes.</summary>
    public long Bytes => Count * Type.Size();

    /// <summary>Whether this is a matrix and not an absent argument.</summary>
    public bool IsPresent => Address != 0;

    /// <summary>Returns a view of the rows [first, first + count).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The rows are not in this matrix.</exception>
    public Matrix Slice(int first, int count)
    {
        if (first < 0 || count < 0 || first > Rows - count)
            throw new ArgumentOutOfRangeException(nameof(first), $"rows {first}..{first + count} of {this}");
        return this with { Address = Address + (nint)((long)first * Columns * Type.Size()), Rows = count };
    }

    /// <summary>Returns a view of the same elements in another shape.</summary>
    /// <exception cref="ArgumentException">The number of elements differs.</exception>
    public Matrix Reshape(int rows, int columns)
    {
        if ((long)rows * columns != Count) ThrowWrongShape(rows, columns);
        return this with { Rows = rows, Columns = columns };
    }

    /// <summary>Returns element type and shape, for messages.</summary>
    public override string ToString() => $"{Type}[{Rows}x{Columns}]";

    [DoesNotReturn]
    void ThrowWrongShape(int rows, int columns) =>
        throw new ArgumentException($"{this} cannot be reshaped to {rows}x{columns}");
}
