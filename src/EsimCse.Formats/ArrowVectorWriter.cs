using System.Runtime.InteropServices;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using EsimCse.Formats.Parts;

namespace EsimCse.Formats;

/// <summary>
/// Writes .arrow, the IPC file format: one column, embedding, a fixed-size list of fp32 or fp16. A record batch takes
/// about 4 MiB.
/// </summary>
sealed class ArrowVectorWriter : IVectorWriter
{
    const int BatchElements = 1 << 20;

    /// <inheritdoc/>
    public void Write(Stream stream, VectorRows rows)
    {
        if (rows.Stored is StoredElements<Half> halves) Write(stream, halves, HalfFloatType.Default);
        else Write(stream, (StoredElements<float>)rows.Stored, FloatType.Default);
        stream.Flush();
    }

    /// <inheritdoc/>
    public void Join(Stream stream, PartFiles parts)
    {
        bool isHalf = parts.Type == OutputType.Float16;
        Write(stream, isHalf ? parts.With(ArrowVectorReader.Read<Half>) : parts.With(ArrowVectorReader.Read<float>));
    }

    static void Write<T>(Stream stream, StoredElements<T> rows, ArrowType element) where T : unmanaged
    {
        FixedSizeListType type = new(new Field("item", element, nullable: false), rows.Columns);
        Schema schema = new([new Field("embedding", type, nullable: false)], metadata: null);
        using ArrowFileWriter writer = new(stream, schema, leaveOpen: true);
        writer.WriteStart();
        foreach (ReadOnlyMemory<T> batch in rows.Batches(Math.Max(1, BatchElements / rows.Columns)))
        {
            ArrowBuffer values = new(MemoryMarshal.AsBytes(batch.Span).ToArray());
            ArrayData elements = new(element, batch.Length, 0, 0, [ArrowBuffer.Empty, values]);
            int count = batch.Length / rows.Columns;
            ArrayData lists = new(type, count, 0, 0, [ArrowBuffer.Empty], [elements]);
            using RecordBatch record = new(schema, [new FixedSizeListArray(lists)], count);
            writer.WriteRecordBatch(record);
        }
        writer.WriteEnd();
    }
}
