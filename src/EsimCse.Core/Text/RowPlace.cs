namespace EsimCse.Core.Text;

/// <summary>The place of a row in its file, as errors name it.</summary>
/// <param name="File">The name of the file; null for texts of a program.</param>
/// <param name="Line">The line on which the row starts, counted from 1.</param>
readonly record struct RowPlace(string? File, long Line)
{
    /// <inheritdoc/>
    public override string ToString() => File is null ? $"line {Line}" : $"{File}, line {Line}";
}
