using EsimCse.Formats.Parts;
using Parquet;
using Parquet.Schema;

namespace EsimCse.Formats;

/// <summary>
/// Writes .parquet: the columns that are carried along, then embedding, a list of fp32 in each row, without
/// compression, which takes time and saves little. A row group takes about 4 MiB of vectors. Parquet has no fixed-size
/// list, and Parquet.Net no fp16.
/// </summary>
sealed class ParquetVectorWriter : IVectorWriter
{
    const int GroupElements = 1 << 20;

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
        int groupRows = Math.Max(1, GroupElements / rows.Columns);
        // Of all groups: arrays of this size live until the next full collection.
        int[] definitions = new int[groupRows * rows.Columns];
        Array.Fill(definitions, element.MaxDefinitionLevel);
        int[] repetitions = RepetitionLevels(definitions.Length, rows.Columns);
        foreach (ReadOnlyMemory<float> batch in rows.Batches(groupRows))
        {
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            await columns.WriteAsync(group, batch.Length / rows.Columns);
            ReadOnlyMemory<int> ofRows = repetitions.AsMemory(0, batch.Length);
            ReadOnlyMemory<int> ofElements = definitions.AsMemory(0, batch.Length);
            await group.WriteAllPartsAsync(element, batch, ofElements, ofRows, CancellationToken.None);
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
