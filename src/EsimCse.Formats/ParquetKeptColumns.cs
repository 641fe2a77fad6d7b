using System.Globalization;
using EsimCse.Core.Text;
using Parquet;
using Parquet.Schema;

namespace EsimCse.Formats;

/// <summary>Columns that are carried along, in Parquet: row as INT64, the others as nullable strings.</summary>
/// <param name="kept">The columns.</param>
sealed class ParquetKeptColumns(KeptColumns kept)
{
    /// <summary>The fields of the schema.</summary>
    public IReadOnlyList<DataField> Fields { get; } = [.. kept.Names.Select(Field)];

    /// <summary>Writes the values of the next rows.</summary>
    public async Task WriteAsync(ParquetRowGroupWriter group, int rows)
    {
        foreach ((DataField field, KeptValue[] values) in Fields.Zip(kept.NextBatch(rows)))
            if (field.Name == KeptColumns.RowNumber) await group.WriteAsync<long>(field, Numbers(values).AsMemory());
            else await group.WriteAsync(field, Strings(values));
    }

    static DataField Field(string name) => name == KeptColumns.RowNumber
        ? new DataField<long>(name, nullable: false)
        : new DataField<string>(name, nullable: true);

    static long[] Numbers(KeptValue[] values) =>
        Array.ConvertAll(values, value => long.Parse(value.Text, CultureInfo.InvariantCulture));

    static string[] Strings(KeptValue[] values) =>
        Array.ConvertAll(values, value => value.IsNull ? null! : value.Text);
}
