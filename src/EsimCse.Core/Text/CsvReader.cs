using System.Text;

namespace EsimCse.Core.Text;

/// <summary>
/// Comma-separated text by RFC 4180: a quoted field may hold commas, quotes and line ends, which stay as they are in
/// the file. A quotation mark inside an unquoted field is a character. Blank lines are no rows.
/// </summary>
/// <remarks>
/// The package Sep does not fit: a row also ends at a lone CR, a quotation mark inside an unquoted field swallows the
/// text up to the next one, a quoted field without an end is no error, two columns of one name are, and a row holds
/// at most 2^24 characters.
/// </remarks>
/// <param name="lines">The lines of the file.</param>
/// <param name="name">Name of the file, for errors.</param>
sealed class CsvReader(Utf8LineReader lines, string name)
{
    readonly StringBuilder _quoted = new();
    string _line = "";
    int _next;

    /// <summary>Carriage returns outside quoted fields that are not part of a line end.</summary>
    public long LoneReturns { get; private set; }

    /// <summary>Returns the fields of each row, with the row's first line.</summary>
    /// <exception cref="InvalidInputException">
    /// A quoted field does not end, or text follows its end; the message names the line.
    /// </exception>
    public IEnumerable<(long Line, List<string> Fields)> ReadRows()
    {
        while (lines.ReadLine() is { } line)
        {
            if (line.Length == 0) continue;
            long first = lines.Number;
            _line = line;
            _next = 0;
            yield return (first, ReadFields());
        }
    }

    List<string> ReadFields()
    {
        List<string> fields = [ReadField()];
        while (_next < _line.Length)
        {
            _next++;
            fields.Add(ReadField());
        }
        return fields;
    }

    /// <summary>Reads a field up to the comma after it, or to the end of the line.</summary>
    string ReadField()
    {
        if (_next < _line.Length && _line[_next] == '"') return ReadQuoted();
        int end = _line.IndexOf(',', _next);
        if (end < 0) end = _line.Length;
        string field = _line[_next..end];
        LoneReturns += field.AsSpan().Count('\r');
        _next = end;
        return field;
    }

    string ReadQuoted()
    {
        long opened = lines.Number;
        _quoted.Clear();
        _next++;
        while (true)
        {
            int quote = _line.IndexOf('"', _next);
            if (quote < 0)
            {
                _quoted.Append(_line, _next, _line.Length - _next).Append(lines.LineEnd);
                _line = lines.ReadLine() ?? throw NoEnd(opened);
                _next = 0;
                continue;
            }
            _quoted.Append(_line, _next, quote - _next);
            _next = quote + 1;
            if (_next == _line.Length || _line[_next] == ',') return _quoted.ToString();
            if (_line[_next++] != '"') throw TextAfterQuote();
            _quoted.Append('"');
        }
    }

    InvalidInputException NoEnd(long opened) => new($"{name}, line {opened}: a quoted field does not end");

    InvalidInputException TextAfterQuote() =>
        new($"{name}, line {lines.Number}: found text after the closing quote of a field, expected a comma");
}
