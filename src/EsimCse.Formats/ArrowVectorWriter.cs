using System.Runtime.InteropServices;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using EsimCse.Formats.Parts;

namespace EsimCse.Formats;

/// <summary>
/// Writes .arrow, the IPC file format: the columns that are carried along, then embedding, a fixed-size list of fp32 or
/// fp16. A record batch takes about 4 MiB of vectors.
/// </summary>
sealed class ArrowVectorWriter : IVectorWriter
{
    const int BatchElements = 1 << 20;

    /// <inheritdoc/>
    public void Write(Stream stream, VectorRows rows)
    {
        if (rows.Stored is StoredElements<Half> halves) Write(stream, halves, rows.Kept, HalfFloatType.Default);
        else Write(stream, (StoredElements<float>)rows.Stored, rows.Kept, FloatType.Default);
        stream.Flush();
    }

    /// <inheritdoc/>
    public void Join(Stream stream, PartFiles parts)
    {
        using PartColumns columns = new(parts.Paths, ArrowTableFile.Open);
        VectorRows rows = parts.Type == OutputType.Float16
            ? parts.With(ArrowVectorReader.Read<Half>, columns.Kept)
            : parts.With(ArrowVectorReader.Read<float>, columns.Kept);
        Write(stream, rows);
    }

    static void Write<T>(Stream stream, StoredElements<T> rows, KeptColumns kept, ArrowType element)
        where T : unmanaged
    {
        const string vectors = "embedding";
        kept.RequireOtherThan(vectors);
        FixedSizeListType type = new(new Field("item", element, nullable: false), rows.Columns);
        Schema schema = new([.. ArrowKeptColumns.Fields(kept), new Field(vectors, type, nullable: false)], null);
        using ArrowFileWriter writer = new(stream, schema, leaveOpen: true);
        writer.WriteStart();
        foreach (ReadOnlyMemory<T> batch in rows.Batches(Math.Max(1, BatchElements / rows.Columns)))
        {
            ArrowBuffer values = new(MemoryMarshal.AsBytes(batch.Span).ToArray());
            ArrayData elements = new(element, batch.Length, 0, 0, [ArrowBuffer.Empty, values]);
            int count = batch.Length / rows.Columns;
            ArrayData lists = new(type, count, 0, 0, [ArrowBuffer.Empty], [elements]);
            using RecordBatch record = new(
                schema, [.. ArrowKeptColumns.NextArrays(kept, count), new FixedSizeListArray(lists)], count);
            writer.WriteRecordBatch(record);
        }
        writer.WriteEnd();
    }
}
