namespace EsimCse.Core.Backend;

/// <summary>
/// A row-major view of memory that some backend owns: address, shape, element type. It neither allocates nor computes.
/// The default value stands for "absent" where an operation takes an optional argument.
/// </summary>
/// <param name="Address">A device address or a pointer; 0 for an absent or empty matrix.</param>
/// <param name="Rows">Rows, at least 0.</param>
/// <param name="Columns">Columns, at least 0; a row follows the one before it without a gap.</param>
/// <param name="Type">What one element is.</param>
public readonly record struct Matrix(nint Address, int Rows, int Columns, ElementType Type = ElementType.Float32)
{
    /// <summary>Rows × Columns.</summary>
    public long Count => (long)Rows * Columns;

    /// <summary>Bytes from the first element to past the last.</summary>
    public long Bytes => Count * Type.Size();

    /// <summary>False for the default value, which stands for "no such argument".</summary>
    public bool IsPresent => Address != 0;

    /// <summary>The rows [first, first + count) as a view.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The rows are not inside this matrix.</exception>
    public Matrix Slice(int first, int count)
    {
        if (first < 0 || count < 0 || first > Rows - count)
            throw new ArgumentOutOfRangeException(nameof(first), $"rows {first}..{first + count} of {this}");
        return this with { Address = Address + (nint)((long)first * Columns * Type.Size()), Rows = count };
    }

    /// <summary>The same elements in another shape.</summary>
    /// <exception cref="ArgumentException">The shapes differ in their number of elements.</exception>
    public Matrix Reshape(int rows, int columns) => (long)rows * columns == Count
        ? this with { Rows = rows, Columns = columns }
        : throw new ArgumentException($"{this} cannot be seen as {rows}x{columns}");

    /// <summary>Element type and shape, for messages.</summary>
    public override string ToString() => $"{Type}[{Rows}x{Columns}]";
}
