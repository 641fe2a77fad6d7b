namespace EsimCse.Core.Text;

/// <summary>The sentences of a table: the strings of a column.</summary>
/// <param name="path">The file.</param>
/// <param name="format">Its format.</param>
sealed class TableSentences(string path, TableFormat format)
{
    long _row;

    /// <summary>Reads the rows, batch by batch.</summary>
    /// <param name="column">The column's name; null for the default.</param>
    /// <param name="keep">The names of the columns that are carried along; null for none.</param>
    /// <exception cref="InvalidInputException">
    /// The file is not valid, a column is missing or of a type that is not read, or a sentence is null.
    /// </exception>
    /// <exception cref="UsageException">There is no default column.</exception>
    public IEnumerable<SentenceRow> Read(string? column, IReadOnlyList<string>? keep)
    {
        using FileStream file = SentenceFile.Open(path);
        if (!file.CanSeek) throw new InvalidInputException($"{path}: found a pipe, expected a file");
        using TableFile table = Try(() => format.Open(file));
        int sentences = FindSentences(table.Columns, ref column);
        int[] columns = [sentences, .. (keep ?? []).Select(name => FindKept(table.Columns, name))];
        using IEnumerator<KeptValue[][]> batches = table.ReadBatches(columns).GetEnumerator();
        while (Try(batches.MoveNext))
        {
            KeptValue[][] batch = batches.Current;
            for (int i = 0; i < batch[0].Length; i++)
            {
                _row++;
                KeptValue value = batch[0][i];
                if (value.IsNull) throw Null(column!);
                KeptValue[]? kept = keep is null ? null : [.. batch[1..].Select(values => values[i])];
                yield return new(value.Text, new(path, _row) { IsRow = true }) { Kept = kept };
            }
        }
    }

    int FindSentences(IReadOnlyList<TableColumn> columns, ref string? column)
    {
        IEnumerable<TableColumn> strings = columns.Where(candidate => candidate.Kind == TableColumnKind.Text);
        column ??= DefaultColumn.Choose([.. columns.Select(Name)], [.. strings.Select(Name)], path)
            ?? throw Missing(columns, "text");
        int index = Find(columns, column);
        if (columns[index].Kind == TableColumnKind.Text) return index;
        throw WrongType(columns[index], "strings");
    }

    int FindKept(IReadOnlyList<TableColumn> columns, string column)
    {
        int index = Find(columns, column);
        if (columns[index].Kind != TableColumnKind.Other) return index;
        throw WrongType(columns[index], "strings, integers, floating-point numbers or true and false");
    }

    int Find(IReadOnlyList<TableColumn> columns, string column)
    {
        int[] found = [.. columns.Index().Where(each => each.Item.Name == column).Select(each => each.Index)];
        if (found.Length == 0) throw Missing(columns, column);
        return found.Length == 1 ? found[0] : throw Missing(columns, column, " once");
    }

    static string Name(TableColumn column) => column.Name;

    /// <summary>Runs a part of the reader. Packages throw any exception where data is not valid.</summary>
    T Try<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error)
        {
            string place = _row > 0 ? $"{path}, after row {_row}" : path;
            throw new InvalidInputException($"{place}: not valid {format.Extension[1..]} data: {error.Message}", error);
        }
    }

    InvalidInputException Missing(IReadOnlyList<TableColumn> columns, string column, string times = "") =>
        new($"{path}: found columns {DefaultColumn.Quote(columns.Select(Name))}, expected '{column}'{times}");

    InvalidInputException WrongType(TableColumn column, string expected) =>
        new($"{path}: column '{column.Name}': found {column.Type}, expected {expected}");

    InvalidInputException Null(string column) =>
        new($"{path}, row {_row}: found null, expected a string as '{column}'");
}
