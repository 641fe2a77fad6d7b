using Apache.Arrow;
using Apache.Arrow.Compression;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using EsimCse.Core.Text;

namespace EsimCse.Formats;

/// <summary>Reads .arrow, the IPC file format or the stream format, one record batch at a time.</summary>
sealed class ArrowTableFile : TableFile
{
    readonly ArrowStreamReader _reader;
    readonly long _fileBytes;

    ArrowTableFile(ArrowStreamReader reader, Schema schema, long fileBytes)
    {
        _reader = reader;
        _fileBytes = fileBytes;
        Columns = [.. schema.FieldsList.Select(Describe)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; }

    static ReadOnlySpan<byte> FileMark => "ARROW1"u8;

    /// <summary>Opens a file.</summary>
    public static TableFile Open(FileStream file)
    {
        Span<byte> start = stackalloc byte[FileMark.Length];
        int read = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        bool isFile = start[..read].SequenceEqual(FileMark);
        file.Position = 0;
        ArrowContext context = new(new BoundedAllocator(file.Length), new CompressionCodecFactory());
        ArrowStreamReader reader = isFile
            ? new ArrowFileReader(context, file, leaveOpen: true)
            : new ArrowStreamReader(context, file, leaveOpen: true);
        Schema schema = reader.Schema ?? throw new InvalidDataException("found no schema");
        return new ArrowTableFile(reader, schema, file.Length);
    }

    /// <inheritdoc/>
    public override IEnumerable<KeptValue[][]> ReadBatches(IReadOnlyList<int> columns)
    {
        ArrowValues values = new(DecodedSize.MaxRows(_fileBytes));
        while (_reader.ReadNextRecordBatch() is { } batch)
            using (batch)
                yield return [.. columns.Select(column => values.Read(batch.Column(column), batch.Length))];
    }

    /// <inheritdoc/>
    public override void Dispose() => _reader.Dispose();

    static TableColumn Describe(Field field)
    {
        string type = field.DataType is NestedType ? "nested values" : field.DataType.Name;
        return new(field.Name, type, Kind(field.DataType));
    }

    static TableColumnKind Kind(IArrowType type) => type switch
    {
        StringType or LargeStringType or StringViewType => TableColumnKind.Text,
        DictionaryType dictionary => Kind(dictionary.ValueType),
        BooleanType or IntegerType or FloatingPointType => TableColumnKind.Scalar,
        _ => TableColumnKind.Other,
    };
}
