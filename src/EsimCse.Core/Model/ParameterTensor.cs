using EsimCse.Core.Backend;

namespace EsimCse.Core.Model;

/// <summary>One tensor of a <see cref="ParameterLayout"/>.</summary>
/// <param name="Name">The name in Hugging Face's files.</param>
/// <param name="Offset">Index of its first element in the arena.</param>
/// <param name="Rows">Rows; 1 for a vector.</param>
/// <param name="Columns">Columns.</param>
/// <param name="Flags">Flags of <see cref="ParameterChunk"/>.</param>
sealed record ParameterTensor(string Name, long Offset, int Rows, int Columns, int Flags)
{
    /// <summary>Number of elements.</summary>
    public long Count => (long)Rows * Columns;

    /// <summary>
    /// The elements that it takes in an arena. Those after <see cref="Count"/> are zeros in every arena: devices work
    /// on vectors of elements.
    /// </summary>
    public long StoredCount { get; init; } = (long)Rows * Columns;

    /// <summary>The shape in files: one dimension for a vector.</summary>
    public int[] Shape => IsVector ? [Columns] : [Rows, Columns];

    /// <summary>Whether this is a bias or a parameter of a layer normalisation.</summary>
    internal bool IsVector => (Flags & ParameterChunk.Decays) == 0;

    /// <summary>Whether this is γ of a layer normalisation.</summary>
    internal bool IsGain => IsVector && Name.EndsWith(".weight", StringComparison.Ordinal);

    /// <summary>Returns a view of this tensor in an arena of its layout.</summary>
    public Matrix In(Matrix arena)
    {
        nint address = arena.Address + (nint)(Offset * arena.Type.Size());
        return new Matrix(address, Rows, Columns, arena.Type);
    }

    /// <summary>Returns a view of all <see cref="StoredCount"/> elements, [1,·].</summary>
    public Matrix StoredIn(Matrix arena) => In(arena) with { Rows = 1, Columns = checked((int)StoredCount) };
}
