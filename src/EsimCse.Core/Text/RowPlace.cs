namespace EsimCse.Core.Text;

/// <summary>The place of a row in its file, as errors name it.</summary>
/// <param name="File">The name of the file; null for texts of a program.</param>
/// <param name="Line">The line on which the row starts, or the row of a table, counted from 1.</param>
readonly record struct RowPlace(string? File, long Line)
{
    /// <summary>Whether the file is a table, which has no lines.</summary>
    public bool IsRow { get; init; }

    /// <inheritdoc/>
    public override string ToString()
    {
        string place = IsRow ? $"row {Line}" : $"line {Line}";
        return File is null ? place : $"{File}, {place}";
    }
}
