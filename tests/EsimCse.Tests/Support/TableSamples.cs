using Apache.Arrow;
using Apache.Arrow.Compression;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using Parquet;
using Parquet.Schema;

namespace EsimCse.Tests.Support;

/// <summary>
/// Tables of the columns text (strings), id (int64, null in every third row), score (fp64), good (bool), label
/// (strings, null in every third row) and nested (lists).
/// </summary>
static class TableSamples
{
    public static string Text(int row) => $"the cat {row} é𝄞";

    public static string? Label(int row) => row % 3 == 0 ? null : $"label {row % 5}";

    public static long? Id(int row) => row % 3 == 0 ? null : 10L * row;

    public static double Score(int row) => row == 2 ? double.NaN : row / 4.0;

    /// <summary>Writes a table in the format of the file's extension, in batches of 100 rows.</summary>
    public static void Write(string path, int rows)
    {
        if (Path.GetExtension(path) == ".parquet") WriteParquet(path, rows).GetAwaiter().GetResult();
        else WriteArrow(path, rows, isStream: false);
    }

    /// <summary>Writes .arrow, the file format or the stream format.</summary>
    public static void WriteArrow(string path, int rows, bool isStream, CompressionCodecType? compression = null)
    {
        using FileStream stream = File.Create(path);
        IpcOptions options = new()
        {
            CompressionCodec = compression,
            CompressionCodecFactory = new CompressionCodecFactory(),
        };
        RecordBatch[] batches = [.. Batches(rows).Select(Batch)];
        using ArrowStreamWriter writer = isStream
            ? new ArrowStreamWriter(stream, Batch([]).Schema, leaveOpen: true, options)
            : new ArrowFileWriter(stream, Batch([]).Schema, leaveOpen: true, options);
        writer.WriteStart();
        foreach (RecordBatch batch in batches) writer.WriteRecordBatch(batch);
        writer.WriteEnd();
    }

    /// <summary>Writes the record batches of one column, text.</summary>
    public static void WriteArrowColumn(string path, params IArrowArray[] batches)
    {
        Schema schema = new([new Apache.Arrow.Field("text", batches[0].Data.DataType, nullable: true)], null);
        using FileStream stream = File.Create(path);
        using ArrowFileWriter writer = new(stream, schema, leaveOpen: true);
        writer.WriteStart();
        foreach (IArrowArray batch in batches) writer.WriteRecordBatch(new(schema, [batch], batch.Length));
        writer.WriteEnd();
    }

    static IEnumerable<int[]> Batches(int rows) => Enumerable.Range(0, rows).Chunk(100);

    static RecordBatch Batch(int[] rows)
    {
        StringArray.Builder texts = new(), labels = new();
        Int64Array.Builder ids = new();
        DoubleArray.Builder scores = new();
        BooleanArray.Builder good = new();
        ListArray.Builder nested = new(Int32Type.Default);
        foreach (int row in rows)
        {
            texts.Append(Text(row));
            ids.Append(Id(row));
            scores.Append(Score(row));
            good.Append(row % 2 == 0);
            labels.Append(Label(row));
            nested.Append();
        }
        (string, IArrowArray)[] columns =
        [
            ("text", texts.Build()), ("id", ids.Build()), ("score", scores.Build()),
            ("good", good.Build()), ("label", labels.Build()), ("nested", nested.Build()),
        ];
        Schema schema = new(columns.Select(Describe), null);
        return new(schema, columns.Select(column => column.Item2), rows.Length);

        static Apache.Arrow.Field Describe((string Name, IArrowArray Values) column) =>
            new(column.Name, column.Values.Data.DataType, nullable: true);
    }

    static async Task WriteParquet(string path, int rows)
    {
        DataField<string> text = new("text", nullable: false), label = new("label", nullable: true);
        DataField<long> id = new("id", nullable: true);
        DataField<double> score = new("score", nullable: false);
        DataField<bool> good = new("good", nullable: false);
        DataField<int> element = new("element", nullable: false);
        ParquetSchema schema = new(text, id, score, good, label, new ListField("nested", element));
        await using FileStream stream = File.Create(path);
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(schema, stream);
        foreach (int[] batch in Batches(rows))
        {
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            await group.WriteAsync(text, batch.Select(Text).ToArray());
            await group.WriteAsync<long>(id, batch.Select(Id).ToArray().AsMemory());
            await group.WriteAsync<double>(score, batch.Select(Score).ToArray().AsMemory());
            await group.WriteAsync<bool>(good, batch.Select(row => row % 2 == 0).ToArray().AsMemory());
            await group.WriteAsync(label, batch.Select(row => Label(row)!).ToArray());
            int[] levels = [.. batch.Select(_ => element.MaxDefinitionLevel)];
            await group.WriteAllPartsAsync<int>(element, batch, levels, new int[batch.Length], CancellationToken.None);
        }
    }
}
