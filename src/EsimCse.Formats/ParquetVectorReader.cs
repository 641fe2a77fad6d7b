using Parquet;
using Parquet.Data;
using Parquet.Schema;

namespace EsimCse.Formats;

/// <summary>Reads the column embedding of .parquet files that <see cref="ParquetVectorWriter"/> wrote.</summary>
static class ParquetVectorReader
{
    /// <summary>Returns the vectors of a file, a row group at a time.</summary>
    public static IEnumerable<float[]> Read(string path)
    {
        using FileStream stream = File.OpenRead(path);
        ParquetReader reader = ParquetReader.CreateAsync(stream).GetAwaiter().GetResult();
        DataField field = reader.Schema.DataFields[^1];
        for (int i = 0; i < reader.RowGroupCount; i++)
        {
            using ParquetRowGroupReader group = reader.OpenRowGroupReader(i);
            yield return Read(group, field);
        }
    }

    static float[] Read(ParquetRowGroupReader group, DataField field)
    {
        using RawColumnData column = group.ReadRawColumnDataBaseAsync(field).AsTask().GetAwaiter().GetResult();
        return ((RawColumnData<float>)column).Values.ToArray();
    }
}
