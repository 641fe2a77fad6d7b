namespace EsimCse.Core.Text;

/// <summary>A file with a schema, whose rows are stored by columns.</summary>
abstract class TableFile : IDisposable
{
    /// <summary>The columns of the schema, in its order.</summary>
    public abstract IReadOnlyList<TableColumn> Columns { get; }

    /// <summary>Reads the values of columns, in batches of rows of the file's own sizes: [column][row].</summary>
    /// <param name="columns">Indices of columns that hold strings or scalars.</param>
    public abstract IEnumerable<KeptValue[][]> ReadBatches(IReadOnlyList<int> columns);

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>A column of a table.</summary>
/// <param name="Name">The name.</param>
/// <param name="Type">The type of its values, in the words of the format.</param>
/// <param name="Kind">The kind of values that it can be read as.</param>
sealed record TableColumn(string Name, string Type, TableColumnKind Kind);

/// <summary>The kind of values of a column.</summary>
enum TableColumnKind
{
    /// <summary>Values that are not read: lists, structures, dates, decimals, bytes.</summary>
    Other,

    /// <summary>Strings.</summary>
    Text,

    /// <summary>Integers, floating-point numbers, true and false.</summary>
    Scalar,
}

/// <summary>A format of tables, whose reader needs a package that this assembly does not reference.</summary>
/// <param name="Extension">The extension that selects it, in lower case with its point.</param>
/// <param name="Open">
/// Opens a file that can be sought, which the caller disposes. Any exception means that the file is not valid.
/// </param>
sealed record TableFormat(string Extension, Func<FileStream, TableFile> Open);
