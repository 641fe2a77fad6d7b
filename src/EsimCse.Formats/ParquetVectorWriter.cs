using EsimCse.Formats.Parts;
using Parquet;
using Parquet.Schema;

namespace EsimCse.Formats;

/// <summary>
/// Writes .parquet: one column, embedding, a list of fp32 in each row, without compression, which takes time and saves
/// little. A row group takes about 16 MiB. Parquet has no fixed-size list, and Parquet.Net no fp16.
/// </summary>
sealed class ParquetVectorWriter : IVectorWriter
{
    const int GroupElements = 1 << 22;

    /// <inheritdoc/>
    public void Write(Stream stream, VectorRows rows)
    {
        WriteAsync(stream, (StoredElements<float>)rows.Stored).GetAwaiter().GetResult();
        stream.Flush();
    }

    /// <inheritdoc/>
    public void Join(Stream stream, PartFiles parts) => Write(stream, parts.With(ParquetVectorReader.Read));

    static async Task WriteAsync(Stream stream, StoredElements<float> rows)
    {
        DataField<float> element = new("element", nullable: false);
        ParquetSchema schema = new(new ListField("embedding", element));
        ParquetOptions options = new() { CompressionMethod = CompressionMethod.None, DictionaryEncodingThreshold = 0 };
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(schema, stream, options);
        foreach (ReadOnlyMemory<float> batch in rows.Batches(Math.Max(1, GroupElements / rows.Columns)))
        {
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            int[] definitions = new int[batch.Length];
            Array.Fill(definitions, element.MaxDefinitionLevel);
            int[] repetitions = RepetitionLevels(batch.Length, rows.Columns);
            await group.WriteAllPartsAsync(element, batch, definitions, repetitions, CancellationToken.None);
        }
    }

    /// <summary>Returns 0 where a row starts and 1 elsewhere.</summary>
    static int[] RepetitionLevels(int elements, int columns)
    {
        int[] levels = new int[elements];
        Array.Fill(levels, 1);
        for (int i = 0; i < elements; i += columns) levels[i] = 0;
        return levels;
    }
}
