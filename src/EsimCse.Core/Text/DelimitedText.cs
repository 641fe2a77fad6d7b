using System.Text;

namespace EsimCse.Core.Text;

/// <summary>
/// One column of comma- or tab-separated text with a header row, by RFC 4180: a quoted field may hold separators,
/// quotes and line ends.
/// </summary>
/// <remarks>
/// The package Sep does not fit: a row also ends at a lone CR, a quotation mark inside an unquoted field swallows the
/// text up to the next one, a quoted field without an end is no error, two columns of one name are, and a row holds
/// at most 2^24 characters.
/// </remarks>
static class DelimitedText
{
    /// <summary>Returns the fields of a column, one for each row.</summary>
    /// <param name="lines">The lines of the file.</param>
    /// <param name="separator">The character between fields.</param>
    /// <param name="name">Name of the file, for errors.</param>
    /// <param name="column">The column's name; null for the first of <paramref name="defaults"/> that the header has,
    /// or else the first column.</param>
    /// <param name="defaults">Names of default columns, the preferred one first.</param>
    /// <exception cref="InvalidInputException">The column is missing, from the header or from a row, or a quoted
    /// field does not end; the message names the line.</exception>
    public static IEnumerable<string> ReadColumn(
        IEnumerable<string> lines, char separator, string name, string? column, string[] defaults)
    {
        int index = -1;
        int headerFields = 0;
        foreach ((int line, List<string> row) in ReadRows(lines, separator, name))
        {
            if (index < 0)
            {
                index = FindColumn(row, column, defaults);
                if (index < 0) throw MissingColumn(name, line, row, column);
                headerFields = row.Count;
                continue;
            }
            if (row.Count <= index) throw MissingField(name, line, row.Count, headerFields);
            yield return row[index];
        }
    }

    static int FindColumn(List<string> header, string? column, string[] defaults)
    {
        if (column is not null) return header.IndexOf(column);
        foreach (string standard in defaults)
            if (header.IndexOf(standard) is >= 0 and int index) return index;
        return 0;
    }

    static IEnumerable<(int Line, List<string> Fields)> ReadRows(IEnumerable<string> lines, char separator, string name)
    {
        List<string> fields = [];
        StringBuilder field = new();
        bool quoted = false;
        int number = 0;
        int first = 1;
        foreach (string line in lines)
        {
            number++;
            if (quoted) field.Append('\n');
            else first = number;
            for (int i = 0; i < line.Length; i++)
            {
                char character = line[i];
                bool quote = character == '"';
                bool escapedQuote = quote && quoted && i + 1 < line.Length && line[i + 1] == '"';
                if (escapedQuote) field.Append(line[i++]);
                else if (quote && (quoted || field.Length == 0)) quoted = !quoted;
                else if (character == separator && !quoted) EndField();
                else field.Append(character);
            }
            if (quoted) continue;
            EndField();
            yield return (first, fields);
            fields = [];
        }
        if (quoted) throw new InvalidInputException($"{name}, line {first}: a quoted field does not end");

        void EndField()
        {
            fields.Add(field.ToString());
            field.Clear();
        }
    }

    static InvalidInputException MissingColumn(string name, int line, List<string> header, string? column) =>
        new($"{name}, line {line}: found columns {string.Join(", ", header)}, expected '{column}'");

    static InvalidInputException MissingField(string name, int line, int found, int expected) =>
        new($"{name}, line {line}: found {found} fields, expected {expected}");
}
