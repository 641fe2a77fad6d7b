using EsimCse.Formats.Parts;
using Parquet;
using Parquet.Schema;

namespace EsimCse.Formats;

/// <summary>
/// Writes .parquet: the columns that are carried along, then embedding, a list of fp32 in each row, without
/// compression, which takes time and saves little. A row group takes about 16 MiB of vectors. Parquet has no fixed-size
/// list, and Parquet.Net no fp16.
/// </summary>
sealed class ParquetVectorWriter : IVectorWriter
{
    const int GroupElements = 1 << 22;

    /// <inheritdoc/>
    public void Write(Stream stream, VectorRows rows)
    {
        WriteAsync(stream, (StoredElements<float>)rows.Stored, rows.Kept).GetAwaiter().GetResult();
        stream.Flush();
    }

    /// <inheritdoc/>
    public void Join(Stream stream, PartFiles parts)
    {
        using PartColumns columns = new(parts.Paths, ParquetTableFile.Open);
        Write(stream, parts.With(ParquetVectorReader.Read, columns.Kept));
    }

    static async Task WriteAsync(Stream stream, StoredElements<float> rows, KeptColumns kept)
    {
        const string vectors = "embedding";
        kept.RequireOtherThan(vectors);
        ParquetKeptColumns columns = new(kept);
        DataField<float> element = new("element", nullable: false);
        ParquetSchema schema = new([.. columns.Fields, new ListField(vectors, element)]);
        ParquetOptions options = new() { CompressionMethod = CompressionMethod.None, DictionaryEncodingThreshold = 0 };
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(schema, stream, options);
        foreach (ReadOnlyMemory<float> batch in rows.Batches(Math.Max(1, GroupElements / rows.Columns)))
        {
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            await columns.WriteAsync(group, batch.Length / rows.Columns);
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
