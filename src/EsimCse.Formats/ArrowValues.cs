using System.Globalization;
using System.Text;
using Apache.Arrow;
using EsimCse.Core.Text;

namespace EsimCse.Formats;

/// <summary>The values of Arrow arrays.</summary>
/// <param name="maxRows">The most values that an array may have.</param>
sealed class ArrowValues(long maxRows)
{
    static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads the values of an array of strings, integers, floating-point numbers, true and false.</summary>
    /// <param name="array">The array.</param>
    /// <param name="rows">The number of values that it must have.</param>
    /// <exception cref="InvalidDataException">It has another number, or values of another type.</exception>
    public KeptValue[] Read(IArrowArray array, int rows)
    {
        if (array.Length != rows || rows > maxRows)
            throw new InvalidDataException($"found {array.Length} values in a batch of {rows} rows");
        return array is DictionaryArray dictionary ? ReadDictionary(dictionary) : ReadAll(array);
    }

    KeptValue[] ReadDictionary(DictionaryArray array)
    {
        KeptValue[] values = Read(array.Dictionary, array.Dictionary.Length);
        return System.Array.ConvertAll(ReadAll(array.Indices), Find);

        KeptValue Find(KeptValue index) =>
            index.IsNull ? KeptValue.Null : values[int.Parse(index.Text, CultureInfo.InvariantCulture)];
    }

    static KeptValue[] ReadAll(IArrowArray array) => array switch
    {
        StringArray strings => Strings(array, i => strings.GetString(i, Strict)),
        LargeStringArray strings => Strings(array, i => strings.GetString(i, Strict)),
        StringViewArray strings => Strings(array, i => strings.GetString(i, Strict)),
        BooleanArray values => Read(array, i => KeptValue.FromScalar(values.GetValue(i)!.Value ? "true" : "false")),
        Int8Array values => Numbers(values),
        Int16Array values => Numbers(values),
        Int32Array values => Numbers(values),
        Int64Array values => Numbers(values),
        UInt8Array values => Numbers(values),
        UInt16Array values => Numbers(values),
        UInt32Array values => Numbers(values),
        UInt64Array values => Numbers(values),
        HalfFloatArray values => Numbers(values),
        FloatArray values => Numbers(values),
        DoubleArray values => Numbers(values),
        _ => throw new InvalidDataException($"found {array.Data.DataType.Name}, expected strings or scalars"),
    };

    static KeptValue[] Strings(IArrowArray array, Func<int, string> read) => Read(array, i => new(read(i)));

    static KeptValue[] Numbers<T>(PrimitiveArray<T> array) where T : struct, IEquatable<T>, IFormattable =>
        Read(array, i => KeptValue.FromScalar(array.GetValue(i)!.Value.ToString(null, CultureInfo.InvariantCulture)));

    static KeptValue[] Read(IArrowArray array, Func<int, KeptValue> read)
    {
        KeptValue[] values = new KeptValue[array.Length];
        for (int i = 0; i < values.Length; i++) values[i] = array.IsNull(i) ? KeptValue.Null : read(i);
        return values;
    }
}
