namespace EsimCse.Core.Text;

/// <summary>One column of a table with a header row.</summary>
static class DelimitedText
{
    /// <summary>
    /// Returns the fields of each line of tab-separated text, in which a quotation mark is a character. Blank lines
    /// are no rows.
    /// </summary>
    public static IEnumerable<(long Line, List<string> Fields)> SplitAtTabs(Utf8LineReader lines)
    {
        while (lines.ReadLine() is { } line)
            if (line.Length > 0) yield return (lines.Number, [.. line.Split('\t')]);
    }

    /// <summary>Returns the fields of a column, and of those carried along, for each row after the header.</summary>
    /// <param name="rows">The rows, each with its line.</param>
    /// <param name="name">Name of the file, for errors.</param>
    /// <param name="column">The column's name; null for the default.</param>
    /// <param name="keep">The names of the columns that are carried along; null for none.</param>
    /// <exception cref="InvalidInputException">
    /// A column is missing, from the header or from a row, or the header has it twice; a row has more fields than
    /// the header; or there is no header. The message names the line.
    /// </exception>
    /// <exception cref="UsageException">There is no default column.</exception>
    public static IEnumerable<SentenceRow> ReadColumn(
        IEnumerable<(long Line, List<string> Fields)> rows,
        string name,
        string? column,
        IReadOnlyList<string>? keep = null)
    {
        int index = -1;
        int[] kept = [];
        int columns = 0;
        int needed = 0;
        foreach ((long line, List<string> fields) in rows)
        {
            if (index < 0)
            {
                index = FindColumn(fields, name, line, column);
                kept = [.. (keep ?? []).Select(other => FindColumn(fields, name, line, other))];
                columns = fields.Count;
                needed = kept.Append(index).Max() + 1;
                continue;
            }
            if (fields.Count > columns || fields.Count < needed) throw WrongCount(name, line, fields.Count, columns);
            yield return new(fields[index], new(name, line)) { Kept = keep is null ? null : Pick(fields, kept) };
        }
        if (index < 0) throw new InvalidInputException($"{name}, line 1: found no text, expected a header row");
    }

    static KeptValue[] Pick(List<string> fields, int[] indices) =>
        [.. indices.Select(index => new KeptValue(fields[index]))];

    static int FindColumn(List<string> header, string name, long line, string? column)
    {
        column ??= DefaultColumn.Choose(header, header, name)!;
        int index = header.IndexOf(column);
        string found = $"{name}, line {line}: found columns {DefaultColumn.Quote(header)}";
        if (index < 0) throw new InvalidInputException($"{found}, expected '{column}'");
        if (header.LastIndexOf(column) == index) return index;
        throw new InvalidInputException($"{found}, expected '{column}' once");
    }

    static InvalidInputException WrongCount(string name, long line, int found, int expected)
    {
        string fields = found == 1 ? "1 field" : $"{found} fields";
        return new($"{name}, line {line}: found {fields}, expected {expected} as in the header");
    }
}
