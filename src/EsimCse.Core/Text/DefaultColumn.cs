namespace EsimCse.Core.Text;

/// <summary>The column of sentences where none is named: text, else sentence, else the only string column.</summary>
static class DefaultColumn
{
    static readonly string[] Preferred = ["text", "sentence"];

    /// <summary>Returns the default column; null where there is no string column.</summary>
    /// <param name="columns">The names of all columns.</param>
    /// <param name="strings">The names of the columns that hold strings.</param>
    /// <param name="file">Name of the file, for errors.</param>
    /// <exception cref="UsageException">There are several string columns; the message names them.</exception>
    public static string? Choose(
        IReadOnlyCollection<string> columns, IReadOnlyCollection<string> strings, string file)
    {
        if (Preferred.FirstOrDefault(columns.Contains) is { } preferred) return preferred;
        if (strings.Count <= 1) return strings.FirstOrDefault();
        throw new UsageException(
            $"{file}: found the columns {Quote(strings)}, expected one of them as --column, or one named 'text'");
    }

    public static string Quote(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"'{name}'"));
}
