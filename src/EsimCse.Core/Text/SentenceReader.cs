using EsimCse.Core.Files;

namespace EsimCse.Core.Text;

/// <summary>Reads the sentences of files: of text, by <see cref="SentenceFile"/>, and of tables.</summary>
/// <param name="tables">The formats of tables.</param>
sealed class SentenceReader(IReadOnlyList<TableFormat> tables)
{
    /// <summary>A reader of files of text only.</summary>
    public static SentenceReader Text { get; } = new([]);

    /// <summary>The extensions of files that are read.</summary>
    public IEnumerable<string> Extensions => SentenceFile.Extensions.Concat(tables.Select(table => table.Extension));

    /// <summary>Reads the sentences of a file, whose extension selects the format.</summary>
    /// <inheritdoc cref="SentenceFile.Read(string, string?, Action{string}?, IReadOnlyList{string}?)"/>
    public IEnumerable<SentenceRow> Read(
        string path,
        string? column = null,
        Action<string>? remark = null,
        IReadOnlyList<string>? keep = null)
    {
        InputFile.Require(path);
        if (FindTable(path) is { } format) return new TableSentences(path, format).Read(column, keep);
        if (tables.Any(table => table.Extension == SentenceFile.Format(path)))
            throw new InvalidInputException($"{path}: found a compressed table, expected it without compression");
        return SentenceFile.Read(path, column, remark, keep);
    }

    /// <summary>Reads several columns of a file side by side, each by a reader of its own.</summary>
    /// <inheritdoc cref="SentenceFile.Read(string, string?, Action{string}?, IReadOnlyList{string}?)"/>
    public IEnumerable<string[]> ReadColumns(string path, IReadOnlyList<string> columns)
    {
        InputFile.Require(path);
        using (FileStream file = SentenceFile.Open(path))
            if (!file.CanSeek)
                throw new InvalidInputException($"{path}: found a pipe, expected a file: columns are read one by one");
        return ReadOpened();

        IEnumerable<string[]> ReadOpened()
        {
            IEnumerator<SentenceRow>[] readers = [.. columns.Select(column => Read(path, column).GetEnumerator())];
            try
            {
                // Each reader finds the same rows, or refuses one that lacks its column.
                while (readers.Count(reader => reader.MoveNext()) == readers.Length)
                    yield return [.. readers.Select(reader => reader.Current.Text)];
            }
            finally
            {
                foreach (IEnumerator<SentenceRow> reader in readers) reader.Dispose();
            }
        }
    }

    /// <summary>Checks that a column that was asked for means something to one of the inputs, - included.</summary>
    /// <exception cref="UsageException">All of them are lines of text.</exception>
    public void CheckColumn(IReadOnlyCollection<string> inputs, string? column)
    {
        if (column is null || inputs.Any(HasColumns)) return;
        string found = string.Join(", ", inputs.Select(input => input == "-" ? SentenceFile.StandardInput : input));
        throw new UsageException($"--column {column}: {found}: found lines of text, which have no columns");
    }

    /// <summary>Returns whether a file is of a format with columns, by its name.</summary>
    public bool HasColumns(string path) => FindTable(path) is not null || SentenceFile.HasColumns(path);

    /// <summary>Returns whether a file is of a format that is read, by its name.</summary>
    public bool IsRead(string path) => FindTable(path) is not null || SentenceFile.IsRead(path);

    TableFormat? FindTable(string path)
    {
        string extension = Path.GetExtension(path).ToLowerInvariant();
        return tables.FirstOrDefault(table => table.Extension == extension);
    }
}
