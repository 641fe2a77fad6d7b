using System.Globalization;
using EsimCse.Core.Text;
using Parquet;
using Parquet.Meta;
using Parquet.Schema;

namespace EsimCse.Formats;

/// <summary>
/// Reads .parquet, one row group at a time. Numbers of rows and sizes in the footer are checked before memory is taken
/// for them.
/// </summary>
sealed class ParquetTableFile : TableFile
{
    static readonly Dictionary<System.Type, Func<ParquetRowGroupReader, DataField, int, Task<KeptValue[]>>> Scalars =
        new()
        {
            [typeof(bool)] = (group, field, rows) => Read<bool>(group, field, rows, value => value ? "true" : "false"),
            [typeof(sbyte)] = ReadNumbers<sbyte>,
            [typeof(byte)] = ReadNumbers<byte>,
            [typeof(short)] = ReadNumbers<short>,
            [typeof(ushort)] = ReadNumbers<ushort>,
            [typeof(int)] = ReadNumbers<int>,
            [typeof(uint)] = ReadNumbers<uint>,
            [typeof(long)] = ReadNumbers<long>,
            [typeof(ulong)] = ReadNumbers<ulong>,
            [typeof(float)] = ReadNumbers<float>,
            [typeof(double)] = ReadNumbers<double>,
        };

    readonly ParquetReader _reader;
    readonly FileStream _file;

    ParquetTableFile(ParquetReader reader, FileStream file)
    {
        _reader = reader;
        _file = file;
        Columns = [.. reader.Schema.Fields.Select(Describe)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; }

    /// <summary>Opens a file.</summary>
    public static TableFile Open(FileStream file)
    {
        ParquetMetadata.CheckFooter(file);
        ParquetReader reader = ParquetReader.CreateAsync(file, leaveStreamOpen: true).GetAwaiter().GetResult();
        FileMetaData metadata = reader.Metadata ?? throw new InvalidDataException("no footer");
        long rows = metadata.RowGroups.Sum(group => group.NumRows);
        if (rows == metadata.NumRows) return new ParquetTableFile(reader, file);
        throw new InvalidDataException($"found {rows} rows in row groups, expected {metadata.NumRows}");
    }

    /// <inheritdoc/>
    public override IEnumerable<KeptValue[][]> ReadBatches(IReadOnlyList<int> columns)
    {
        DataField[] fields = [.. columns.Select(column => (DataField)_reader.Schema.Fields[column])];
        for (int i = 0; i < _reader.RowGroupCount; i++)
        {
            using ParquetRowGroupReader group = _reader.OpenRowGroupReader(i);
            int rows = CheckRows(group.RowCount);
            foreach (DataField field in fields) CheckSizes(group, field);
            yield return [.. fields.Select(field => Read(group, field, rows).GetAwaiter().GetResult())];
        }
    }

    /// <inheritdoc/>
    public override void Dispose() => _reader.DisposeAsync().AsTask().GetAwaiter().GetResult();

    static TableColumn Describe(Field field)
    {
        SchemaElement? element = field.SchemaElement;
        string type = element?.ConvertedType?.ToString() ?? element?.Type?.ToString() ?? field.SchemaType.ToString();
        if (field is not DataField data || data.MaxRepetitionLevel > 0 || data.Path.Length > 1)
            return new(field.Name, "nested values", TableColumnKind.Other);
        if (data.ClrType == typeof(ReadOnlyMemory<char>)) return new(field.Name, type, TableColumnKind.Text);
        bool isScalar = Scalars.ContainsKey(data.ClrType);
        return new(field.Name, type, isScalar ? TableColumnKind.Scalar : TableColumnKind.Other);
    }

    int CheckRows(long rows)
    {
        long most = DecodedSize.MaxRows(_file.Length);
        if (rows >= 0 && rows <= most) return (int)rows;
        throw new InvalidDataException($"found a row group of {rows} rows, expected at most {most} in this file");
    }

    void CheckSizes(ParquetRowGroupReader group, DataField field)
    {
        ColumnMetaData column = group.GetMetadata(field)?.MetaData
            ?? throw new InvalidDataException($"a row group lacks the column '{field.Name}'");
        if (column.NumValues != group.RowCount)
            throw new InvalidDataException(
                $"column '{field.Name}': found {column.NumValues} values in a row group of {group.RowCount} rows");
        ParquetMetadata.CheckPages(_file, column);
    }

    static async Task<KeptValue[]> Read(ParquetRowGroupReader group, DataField field, int rows)
    {
        if (field.ClrType != typeof(ReadOnlyMemory<char>)) return await Scalars[field.ClrType](group, field, rows);
        string?[] values = new string?[rows];
        await group.ReadAsync(field, values.AsMemory()!);
        return Array.ConvertAll(values, value => value is null ? KeptValue.Null : new(value));
    }

    static Task<KeptValue[]> ReadNumbers<T>(ParquetRowGroupReader group, DataField field, int rows)
        where T : struct, IFormattable =>
        Read<T>(group, field, rows, value => value.ToString(null, CultureInfo.InvariantCulture));

    static async Task<KeptValue[]> Read<T>(
        ParquetRowGroupReader group, DataField field, int rows, Func<T, string> format) where T : struct
    {
        if (field.IsNullable)
        {
            T?[] values = new T?[rows];
            await group.ReadAsync<T>(field, values.AsMemory());
            return Array.ConvertAll(
                values, value => value is { } known ? KeptValue.FromScalar(format(known)) : KeptValue.Null);
        }
        T[] all = new T[rows];
        await group.ReadAsync<T>(field, all.AsMemory());
        return Array.ConvertAll(all, value => KeptValue.FromScalar(format(value)));
    }
}
