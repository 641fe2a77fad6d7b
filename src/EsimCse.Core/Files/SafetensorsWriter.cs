using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;

namespace EsimCse.Core.Files;

/// <summary>Writes safetensors files. The same tensors give the same bytes.</summary>
static class SafetensorsWriter
{
    const int LengthBytes = 8;

    /// <summary>The data starts at a multiple of this, which suits memory mapping.</summary>
    const int Alignment = 64;

    /// <summary>Writes a file atomically, with the tensors in the given order.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(
        string path, IReadOnlyList<TensorToWrite> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        AtomicFile.Write(path, stream => Write(stream, tensors, metadata));
    }

    static void Write(
        Stream stream, IReadOnlyList<TensorToWrite> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        byte[] header = CreateHeader(tensors, metadata);
        Span<byte> length = stackalloc byte[LengthBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (TensorToWrite tensor in tensors)
        {
            ReadOnlyMemory<byte> data = tensor.Data();
            if (data.Length != tensor.Bytes)
                throw new ArgumentException($"{tensor.Name}: {data.Length} bytes, expected {tensor.Bytes}");
            stream.Write(data.Span);
        }
    }

    static byte[] CreateHeader(IReadOnlyList<TensorToWrite> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            foreach ((string key, string value) in metadata) json.WriteString(key, value);
            json.WriteEndObject();
            long offset = 0;
            foreach (TensorToWrite tensor in tensors)
            {
                WriteEntry(json, tensor, offset);
                offset += tensor.Bytes;
            }
            json.WriteEndObject();
        }
        int end = LengthBytes + buffer.WrittenCount;
        int dataStart = (end + Alignment - 1) / Alignment * Alignment;
        byte[] header = new byte[dataStart - LengthBytes];
        Array.Fill(header, (byte)' ');
        buffer.WrittenSpan.CopyTo(header);
        return header;
    }

    static void WriteEntry(Utf8JsonWriter json, TensorToWrite tensor, long offset)
    {
        json.WriteStartObject(tensor.Name);
        json.WriteString("dtype", tensor.Type);
        json.WriteStartArray("shape");
        foreach (int dimension in tensor.Shape) json.WriteNumberValue(dimension);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(offset);
        json.WriteNumberValue(offset + tensor.Bytes);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
