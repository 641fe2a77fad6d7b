namespace EsimCse.Core.Text;

/// <summary>A sentence of a file.</summary>
/// <param name="Text">The sentence.</param>
/// <param name="Line">The line on which its row starts, counted from 1.</param>
readonly record struct SentenceRow(string Text, long Line)
{
    /// <summary>The values of the columns that are carried along; null where none are.</summary>
    public KeptValue[]? Kept { get; init; }
}
