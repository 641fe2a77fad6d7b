using System.Text;

namespace EsimCse.Core.Text;

/// <summary>One column of comma- or tab-separated text with a header row; RFC 4180, so a quoted field may hold separators, quotes and line ends.</summary>
static class DelimitedText
{
    public static IEnumerable<string> Column(IEnumerable<string> lines, char separator, string name, string? column, string[] defaults)
    {
        int index = -1, fields = 0;
        foreach ((int number, List<string> row) in Rows(lines, separator, name))
            if (index < 0)
            {
                index = column is null ? Math.Max(0, row.FindIndex(field => defaults.Contains(field))) : row.IndexOf(column);
                if (column is null && row.IndexOf(defaults[0]) is >= 0 and int preferred) index = preferred;
                if (index < 0) throw new InvalidInputException($"{name}, line {number}: found columns {string.Join(", ", row)}, expected '{column}'");
                fields = row.Count;
            }
            else
            {
                if (row.Count <= index) throw new InvalidInputException($"{name}, line {number}: found {row.Count} fields, expected {fields}");
                yield return row[index];
            }
    }

    static IEnumerable<(int Line, List<string> Fields)> Rows(IEnumerable<string> lines, char separator, string name)
    {
        List<string> fields = [];
        StringBuilder field = new();
        (bool quoted, int number, int first) = (false, 0, 1);
        foreach (string line in lines)
        {
            number++;
            if (!quoted) first = number;
            else field.Append('\n');
            for (int i = 0; i < line.Length; i++)
                if (quoted && line[i] == '"' && i + 1 < line.Length && line[i + 1] == '"') field.Append(line[i++]);
                else if (line[i] == '"' && (quoted || field.Length == 0)) quoted = !quoted;
                else if (line[i] == separator && !quoted) EndField();
                else field.Append(line[i]);
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
}
