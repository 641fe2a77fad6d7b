namespace EsimCse.Core.Backend;

/// <summary>
/// The rows of the word embeddings' gradient that a step has added to. All other rows are zeros, which need not be
/// read, nor cleared.
/// </summary>
/// <param name="Flags">
/// Int32 [1,V]: 1 for those rows, 0 for the others; absent where the gradient is dense: all rows may have values.
/// </param>
/// <param name="First">Index of the table's first element in the arena.</param>
/// <param name="Columns">H.</param>
public readonly record struct TouchedRows(Matrix Flags, int First, int Columns)
{
    /// <summary>Whether an element of the arena is one of the table.</summary>
    public bool Covers(int element) =>
        Flags.IsPresent && element >= First && element - First < Flags.Columns * Columns;
}
