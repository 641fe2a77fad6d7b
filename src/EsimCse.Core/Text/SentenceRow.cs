namespace EsimCse.Core.Text;

/// <summary>A sentence of a file.</summary>
/// <param name="Text">The sentence.</param>
/// <param name="Place">The place of its row, for errors.</param>
readonly record struct SentenceRow(string Text, RowPlace Place)
{
    /// <summary>The number of the row in all inputs, from 0.</summary>
    public long Number { get; init; }

    /// <summary>The bytes of the file that were read before the row was complete, at least; 0 if not known.</summary>
    public long Offset { get; init; }

    /// <summary>The values of the columns that are carried along; null where none are.</summary>
    public KeptValue[]? Kept { get; init; }
}
