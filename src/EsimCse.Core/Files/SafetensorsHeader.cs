using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace EsimCse.Core.Files;

/// <summary>The header of a safetensors file, with every rule of the format checked.</summary>
sealed class SafetensorsHeader
{
    const int LengthBytes = 8;
    const long MaxLength = 100_000_000;

    static readonly Dictionary<string, int> ElementBytes = new()
    {
        ["BOOL"] = 1,
        ["U8"] = 1,
        ["I8"] = 1,
        ["F8_E4M3"] = 1,
        ["F8_E5M2"] = 1,
        ["F8_E8M0"] = 1,
        ["F8_E4M3FNUZ"] = 1,
        ["F8_E5M2FNUZ"] = 1,
        ["I16"] = 2,
        ["U16"] = 2,
        ["F16"] = 2,
        ["BF16"] = 2,
        ["I32"] = 4,
        ["U32"] = 4,
        ["F32"] = 4,
        ["I64"] = 8,
        ["U64"] = 8,
        ["F64"] = 8,
        ["C64"] = 8,
    };

    readonly string _path;

    SafetensorsHeader(string path)
    {
        _path = path;
    }

    public Dictionary<string, StoredTensor> Tensors { get; } = [];

    public Dictionary<string, string> Metadata { get; } = [];

    /// <summary>Reads and checks the header of a file.</summary>
    /// <exception cref="InvalidInputException">A rule of the format is broken.</exception>
    public static SafetensorsHeader Read(Stream file, string path)
    {
        SafetensorsHeader header = new(path);
        byte[] text = header.ReadText(file);
        try
        {
            header.Parse(text);
            header.CheckCoverage(LengthBytes + text.Length, file.Length);
            return header;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException
            or OverflowException or DecoderFallbackException)
        {
            throw new InvalidInputException($"{path}: the header is not valid: {JsonFile.Describe(error)}", error);
        }
    }

    byte[] ReadText(Stream file)
    {
        if (file.Length < LengthBytes)
            throw Wrong($"{file.Length} bytes are no safetensors file: expected {LengthBytes} bytes of header length");
        Span<byte> prefix = stackalloc byte[LengthBytes];
        file.ReadExactly(prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        long limit = Math.Min(MaxLength, file.Length - LengthBytes);
        if (length > (ulong)limit)
            throw Wrong($"header length {length}, expected at most {limit} in a file of {file.Length} bytes");
        byte[] text = new byte[length];
        file.ReadExactly(text);
        return text;
    }

    void Parse(byte[] text)
    {
        if (text.Length == 0 || text[0] != '{') throw Wrong("the header does not start with '{'");
        _ = new UTF8Encoding(false, throwOnInvalidBytes: true).GetCharCount(text);
        long dataStart = LengthBytes + text.Length;
        using JsonDocument json = JsonDocument.Parse(text);
        foreach (JsonProperty entry in json.RootElement.EnumerateObject())
        {
            if (entry.Name == "__metadata__") ParseMetadata(entry.Value);
            else if (!Tensors.TryAdd(entry.Name, ParseTensor(entry, dataStart)))
                throw Wrong($"tensor '{entry.Name}' appears twice in the header");
        }
    }

    void ParseMetadata(JsonElement metadata)
    {
        foreach (JsonProperty pair in metadata.EnumerateObject())
        {
            string? value = pair.Value.GetString();
            Metadata[pair.Name] = value ?? throw Wrong($"__metadata__ '{pair.Name}': expected a string");
        }
    }

    StoredTensor ParseTensor(JsonProperty entry, long dataStart)
    {
        if (entry.Value.ValueKind != JsonValueKind.Object) throw WrongTensor("expected an object");

        string type = Property("dtype").GetString() ?? throw WrongTensor("dtype is no string");
        if (!ElementBytes.TryGetValue(type, out int elementBytes)) throw WrongTensor($"unknown dtype {type}");

        long[] shape = [.. Property("shape").EnumerateArray().Select(dimension => dimension.GetInt64())];
        if (shape.Any(dimension => dimension < 0)) throw WrongTensor("a negative dimension");

        long[] offsets = [.. Property("data_offsets").EnumerateArray().Select(offset => offset.GetInt64())];
        bool ordered = offsets.Length == 2 && offsets[0] >= 0 && offsets[1] >= offsets[0];
        if (!ordered) throw WrongTensor($"data_offsets [{string.Join(",", offsets)}], expected [begin,end] in order");

        long bytes = offsets[1] - offsets[0];
        long expected = shape.Aggregate((long)elementBytes, (product, dimension) => checked(product * dimension));
        if (bytes != expected)
            throw WrongTensor($"{type} [{string.Join(",", shape)}] takes {expected} bytes, found {bytes}");
        return new StoredTensor(entry.Name, type, shape, checked(dataStart + offsets[0]), bytes);

        JsonElement Property(string name)
        {
            bool found = entry.Value.TryGetProperty(name, out JsonElement property);
            return found ? property : throw WrongTensor("expected dtype, shape and data_offsets");
        }

        InvalidInputException WrongTensor(string problem) => Wrong($"tensor '{entry.Name}': {problem}");
    }

    /// <summary>
    /// Checks that the tensors cover the data without a hole, an overlap or bytes after the last one.
    /// </summary>
    void CheckCoverage(long dataStart, long fileLength)
    {
        long end = dataStart;
        foreach (StoredTensor tensor in Tensors.Values.OrderBy(tensor => tensor.Begin).ThenBy(tensor => tensor.Bytes))
        {
            if (tensor.Begin != end)
            {
                string defect = tensor.Begin < end ? "overlap" : "hole";
                string found = $"tensor '{tensor.Name}' begins at byte {tensor.Begin}";
                throw Wrong($"{found}, expected {end}: the data has a {defect}");
            }
            end = checked(end + tensor.Bytes);
        }
        if (end != fileLength) throw Wrong($"found {fileLength} bytes, expected {end} by the header");
    }

    InvalidInputException Wrong(string problem) => new($"{_path}: {problem}");
}
