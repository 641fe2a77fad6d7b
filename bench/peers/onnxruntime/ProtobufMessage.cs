using System.Buffers.Binary;
using System.Text;

namespace EsimCse.Peers.OnnxRuntime;

/// <summary>A message of Protocol Buffers as it is written, field by field.</summary>
sealed class ProtobufMessage
{
    const int VarintType = 0;
    const int BytesType = 2;
    const int FloatType = 5;

    readonly List<byte> _bytes = [];

    public ProtobufMessage Add(int field, long value)
    {
        WriteVarint(field << 3 | VarintType);
        WriteVarint(value);
        return this;
    }

    public ProtobufMessage Add(int field, float value)
    {
        WriteVarint(field << 3 | FloatType);
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        _bytes.AddRange(bytes);
        return this;
    }

    public ProtobufMessage Add(int field, byte[] value)
    {
        WriteVarint(field << 3 | BytesType);
        WriteVarint(value.Length);
        _bytes.AddRange(value);
        return this;
    }

    public ProtobufMessage Add(int field, string value) => Add(field, Encoding.UTF8.GetBytes(value));

    public ProtobufMessage Add(int field, ProtobufMessage value) => Add(field, value.ToArray());

    public ProtobufMessage AddAll<T>(int field, IEnumerable<T> values, Action<ProtobufMessage, int, T> add)
    {
        foreach (T value in values) add(this, field, value);
        return this;
    }

    public byte[] ToArray() => [.. _bytes];

    void WriteVarint(long value)
    {
        ulong rest = (ulong)value;
        for (; rest > 127; rest >>= 7) _bytes.Add((byte)(rest & 127 | 128));
        _bytes.Add((byte)rest);
    }
}
