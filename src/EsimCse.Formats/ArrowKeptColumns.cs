using System.Globalization;
using Apache.Arrow;
using Apache.Arrow.Types;
using EsimCse.Core.Text;

namespace EsimCse.Formats;

/// <summary>Columns that are carried along, in Arrow: row as int64, the others as nullable strings.</summary>
static class ArrowKeptColumns
{
    /// <summary>Returns the fields of the schema.</summary>
    public static IEnumerable<Field> Fields(KeptColumns kept) => kept.Names.Select(Field);

    /// <summary>Returns the arrays of the next rows.</summary>
    public static IEnumerable<IArrowArray> NextArrays(KeptColumns kept, int rows) =>
        kept.Names.Zip(kept.NextBatch(rows), CreateArray);

    static IArrowArray CreateArray(string name, KeptValue[] values) =>
        name == KeptColumns.RowNumber ? Numbers(values) : Strings(values);

    static Field Field(string name) => name == KeptColumns.RowNumber
        ? new Field(name, Int64Type.Default, nullable: false)
        : new Field(name, StringType.Default, nullable: true);

    static Int64Array Numbers(KeptValue[] values)
    {
        Int64Array.Builder builder = new();
        foreach (KeptValue value in values) builder.Append(long.Parse(value.Text, CultureInfo.InvariantCulture));
        return builder.Build();
    }

    static StringArray Strings(KeptValue[] values)
    {
        StringArray.Builder builder = new();
        foreach (KeptValue value in values)
            if (value.IsNull) builder.AppendNull();
            else builder.Append(value.Text);
        return builder.Build();
    }
}
