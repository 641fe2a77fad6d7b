using System.Globalization;
using System.Runtime.InteropServices;
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
        StringArray => Read(array, i => ReadString(array.Data, i)),
        LargeStringArray => Read(array, i => ReadLargeString(array.Data, i)),
        StringViewArray => Read(array, i => ReadView(array.Data, i)),
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

    // The package's own GetString reads beyond its buffers where offsets are damaged.
    static KeptValue ReadString(ArrayData data, int index)
    {
        ReadOnlySpan<int> offsets = MemoryMarshal.Cast<byte, int>(data.Buffers[1].Span)[(data.Offset + index)..];
        return new(Strict.GetString(data.Buffers[2].Span[offsets[0]..offsets[1]]));
    }

    static KeptValue ReadLargeString(ArrayData data, int index)
    {
        ReadOnlySpan<long> offsets = MemoryMarshal.Cast<byte, long>(data.Buffers[1].Span)[(data.Offset + index)..];
        return new(Strict.GetString(data.Buffers[2].Span[checked((int)offsets[0])..checked((int)offsets[1])]));
    }

    /// <summary>Reads a view: a length, then up to 12 bytes, or 4 of them, a buffer and an offset.</summary>
    static KeptValue ReadView(ArrayData data, int index)
    {
        const int viewBytes = 16, inlineBytes = 12;
        ReadOnlySpan<byte> view = data.Buffers[1].Span.Slice((data.Offset + index) * viewBytes, viewBytes);
        ReadOnlySpan<int> parts = MemoryMarshal.Cast<byte, int>(view);
        ReadOnlySpan<byte> bytes = parts[0] <= inlineBytes
            ? view.Slice(sizeof(int), parts[0])
            : data.Buffers[2 + parts[2]].Span.Slice(parts[3], parts[0]);
        return new(Strict.GetString(bytes));
    }

    static KeptValue[] Numbers<T>(PrimitiveArray<T> array) where T : struct, IEquatable<T>, IFormattable =>
        Read(array, i => KeptValue.FromScalar(array.GetValue(i)!.Value.ToString(null, CultureInfo.InvariantCulture)));

    static KeptValue[] Read(IArrowArray array, Func<int, KeptValue> read)
    {
        KeptValue[] values = new KeptValue[array.Length];
        for (int i = 0; i < values.Length; i++) values[i] = array.IsNull(i) ? KeptValue.Null : read(i);
        return values;
    }
}
