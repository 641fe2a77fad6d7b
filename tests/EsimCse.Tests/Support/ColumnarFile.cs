using System.Runtime.InteropServices;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using Parquet;
using Parquet.Data;
using Parquet.Schema;

namespace EsimCse.Tests.Support;

/// <summary>The column embedding of .arrow and .parquet files, read by the packages' own readers.</summary>
static class ColumnarFile
{
    /// <summary>Reads a fixed-size list of an .arrow file.</summary>
    public static T[][] ReadArrow<T>(string path, int dimension) where T : unmanaged
    {
        using FileStream stream = File.OpenRead(path);
        using ArrowFileReader reader = new(stream);
        Apache.Arrow.Field field = Assert.Single(reader.Schema.FieldsList);
        Assert.Equal("embedding", field.Name);
        Assert.False(field.IsNullable);
        FixedSizeListType type = Assert.IsType<FixedSizeListType>(field.DataType);
        Assert.Equal(dimension, type.ListSize);
        Assert.IsType(typeof(T) == typeof(Half) ? typeof(HalfFloatType) : typeof(FloatType), type.ValueDataType);
        List<T[]> rows = [];
        while (reader.ReadNextRecordBatch() is { } batch)
        {
            FixedSizeListArray lists = (FixedSizeListArray)batch.Column(0);
            Assert.Equal(batch.Length, lists.Length);
            T[] values = MemoryMarshal.Cast<byte, T>(lists.Values.Data.Buffers[1].Span).ToArray();
            rows.AddRange(values[..(lists.Length * dimension)].Chunk(dimension));
        }
        return [.. rows];
    }

    /// <summary>Reads a list of fp32 of a .parquet file.</summary>
    public static float[][] ReadParquet(string path, int dimension) => ReadParquetAsync(path, dimension).Result;

    static async Task<float[][]> ReadParquetAsync(string path, int dimension)
    {
        using FileStream stream = File.OpenRead(path);
        await using ParquetReader reader = await ParquetReader.CreateAsync(stream);
        Assert.Equal("embedding", Assert.Single(reader.Schema.Fields).Name);
        DataField field = Assert.Single(reader.Schema.DataFields);
        List<float[]> rows = [];
        for (int i = 0; i < reader.RowGroupCount; i++)
        {
            using ParquetRowGroupReader group = reader.OpenRowGroupReader(i);
            using RawColumnData<float> column = (RawColumnData<float>)await group.ReadRawColumnDataBaseAsync(field);
            float[] values = column.Values.ToArray();
            int[] starts = [.. column.RepetitionLevels.ToArray().Index().Where(x => x.Item == 0).Select(x => x.Index)];
            Assert.Equal(Enumerable.Range(0, (int)group.RowCount).Select(row => row * dimension), starts);
            rows.AddRange(values.Chunk(dimension));
        }
        return [.. rows];
    }
}
