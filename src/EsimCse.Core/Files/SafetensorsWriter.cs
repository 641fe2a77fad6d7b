using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace EsimCse.Core.Files;

/// <summary>A tensor to be written.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">F32, I32 and so on.</param>
/// <param name="Shape">Its dimensions.</param>
/// <param name="Data">Gives its bytes, when they are to be written.</param>
public sealed record TensorToWrite(string Name, string Type, int[] Shape, Func<ReadOnlyMemory<byte>> Data)
{
    /// <summary>Bytes of the data.</summary>
    public long Bytes => Shape.Aggregate((long)(Type is "I64" or "U64" ? 8 : 4), (product, dimension) => product * dimension);

    /// <summary>An fp32 tensor.</summary>
    public static TensorToWrite Floats(string name, int[] shape, Func<float[]> data) =>
        new(name, "F32", shape, () => MemoryMarshal.AsBytes<float>(data()).ToArray());
}

/// <summary>Writes safetensors files: same tensors, same bytes.</summary>
public static class SafetensorsWriter
{
    const int Alignment = 64;

    /// <summary>Writes a file, atomically, the tensors in the order given.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<TensorToWrite> tensors, IReadOnlyDictionary<string, string> metadata) => AtomicFile.Write(path, stream =>
    {
        byte[] header = Header(tensors, metadata);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (TensorToWrite tensor in tensors)
        {
            ReadOnlyMemory<byte> data = tensor.Data();
            if (data.Length != tensor.Bytes) throw new ArgumentException($"{tensor.Name}: {data.Length} bytes, expected {tensor.Bytes}");
            stream.Write(data.Span);
        }
    });

    static byte[] Header(IReadOnlyList<TensorToWrite> tensors, IReadOnlyDictionary<string, string> metadata)
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
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", tensor.Type);
                json.WriteStartArray("shape");
                foreach (int dimension in tensor.Shape) json.WriteNumberValue(dimension);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += tensor.Bytes);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        // Spaces after the header put the data on a boundary that suits memory mapping.
        byte[] header = new byte[(buffer.WrittenCount + 8 + Alignment - 1) / Alignment * Alignment - 8];
        Array.Fill(header, (byte)' ');
        buffer.WrittenSpan.CopyTo(header);
        return header;
    }
}
