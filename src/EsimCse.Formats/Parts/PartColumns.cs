using EsimCse.Core.Text;

namespace EsimCse.Formats.Parts;

/// <summary>The columns that were carried along into the parts of a job, which are tables of one schema.</summary>
sealed class PartColumns : IDisposable
{
    readonly IEnumerator<KeptValue[]> _rows;

    /// <param name="paths">The parts, at least one.</param>
    /// <param name="open">Opens a part.</param>
    public PartColumns(IReadOnlyList<string> paths, Func<FileStream, TableFile> open)
    {
        using FileStream first = File.OpenRead(paths[0]);
        using TableFile table = open(first);
        int[] columns =
        [
            .. table.Columns.Index().Where(column => column.Item.Kind != TableColumnKind.Other)
                .Select(column => column.Index),
        ];
        _rows = paths.SelectMany(path => ReadRows(path, open, columns)).GetEnumerator();
        if (columns.Length > 0) Kept = new([.. columns.Select(column => table.Columns[column].Name)], Next);
    }

    /// <summary>The columns for the output.</summary>
    public KeptColumns Kept { get; } = KeptColumns.None;

    /// <inheritdoc/>
    public void Dispose() => _rows.Dispose();

    static IEnumerable<KeptValue[]> ReadRows(string path, Func<FileStream, TableFile> open, int[] columns)
    {
        using FileStream file = File.OpenRead(path);
        using TableFile table = open(file);
        foreach (KeptValue[][] batch in table.ReadBatches(columns))
            for (int row = 0; row < batch[0].Length; row++)
                yield return [.. batch.Select(values => values[row])];
    }

    KeptValue[] Next() =>
        _rows.MoveNext() ? _rows.Current : throw new InvalidOperationException("a vector without a row");
}
