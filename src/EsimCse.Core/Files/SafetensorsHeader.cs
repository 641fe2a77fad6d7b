using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace EsimCse.Core.Files;

/// <summary>One tensor of a safetensors file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">As the format writes it: F32, BF16, I64 and so on.</param>
/// <param name="Shape">Its dimensions; none for a scalar.</param>
/// <param name="Begin">Its first byte in the file.</param>
/// <param name="Bytes">Its length.</param>
public sealed record StoredTensor(string Name, string Type, long[] Shape, long Begin, long Bytes)
{
    /// <summary>The product of the dimensions.</summary>
    public long Count => Shape.Aggregate(1L, (product, dimension) => product * dimension);
}

/// <summary>The header of a safetensors file, every rule of the format checked.</summary>
static class SafetensorsHeader
{
    const int LengthBytes = 8;
    const long MaximumLength = 100_000_000;

    static readonly Dictionary<string, int> ElementBytes = new()
    {
        ["BOOL"] = 1,
        ["U8"] = 1,
        ["I8"] = 1,
        ["F8_E4M3"] = 1,
        ["F8_E5M2"] = 1,
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
    };

    public static (Dictionary<string, StoredTensor> Tensors, Dictionary<string, string> Metadata) Read(Stream file, string path)
    {
        if (file.Length < LengthBytes) throw new InvalidInputException($"{path}: {file.Length} bytes are no safetensors file: expected 8 bytes of header length");
        Span<byte> prefix = stackalloc byte[LengthBytes];
        file.ReadExactly(prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > MaximumLength || (long)length > file.Length - LengthBytes)
            throw new InvalidInputException($"{path}: header length {length}, expected at most {Math.Min(MaximumLength, file.Length - LengthBytes)} in a file of {file.Length} bytes");
        byte[] text = new byte[length];
        file.ReadExactly(text);
        long start = LengthBytes + (long)length;
        try
        {
            if (length == 0 || text[0] != '{') throw new InvalidInputException($"{path}: the header does not start with '{{'");
            _ = new UTF8Encoding(false, throwOnInvalidBytes: true).GetCharCount(text);
            var result = Parse(text, start, path);
            CheckCoverage(result.Tensors.Values, start, file.Length, path);
            return result;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException or OverflowException or DecoderFallbackException)
        {
            throw new InvalidInputException($"{path}: the header is not valid: {error.Message}", error);
        }
    }

    static (Dictionary<string, StoredTensor> Tensors, Dictionary<string, string> Metadata) Parse(byte[] text, long start, string path)
    {
        Dictionary<string, StoredTensor> tensors = [];
        Dictionary<string, string> metadata = [];
        using JsonDocument json = JsonDocument.Parse(text);
        foreach (JsonProperty entry in json.RootElement.EnumerateObject())
            if (entry.Name == "__metadata__")
                foreach (JsonProperty pair in entry.Value.EnumerateObject())
                    metadata[pair.Name] = pair.Value.GetString() ?? throw new InvalidInputException($"{path}: __metadata__ '{pair.Name}': expected a string");
            else if (!tensors.TryAdd(entry.Name, Tensor(entry, start, path)))
                throw new InvalidInputException($"{path}: tensor '{entry.Name}' stands twice in the header");
        return (tensors, metadata);
    }

    static StoredTensor Tensor(JsonProperty entry, long start, string path)
    {
        InvalidInputException Wrong(string what) => new($"{path}: tensor '{entry.Name}': {what}");
        if (entry.Value.ValueKind != JsonValueKind.Object || !entry.Value.TryGetProperty("dtype", out JsonElement type)
            || !entry.Value.TryGetProperty("shape", out JsonElement shape) || !entry.Value.TryGetProperty("data_offsets", out JsonElement offsets))
            throw Wrong("expected dtype, shape and data_offsets");
        string name = type.GetString() ?? throw Wrong("dtype is no string");
        if (!ElementBytes.TryGetValue(name, out int size)) throw Wrong($"unknown dtype {name}");
        long[] dimensions = [.. shape.EnumerateArray().Select(dimension => dimension.GetInt64())];
        if (dimensions.Any(dimension => dimension < 0)) throw Wrong("a negative dimension");
        long[] ends = [.. offsets.EnumerateArray().Select(offset => offset.GetInt64())];
        if (ends.Length != 2 || ends[0] < 0 || ends[1] < ends[0]) throw Wrong($"data_offsets [{string.Join(",", ends)}], expected [begin,end] in order");
        long expected = dimensions.Aggregate((long)size, (product, dimension) => checked(product * dimension));
        if (expected != ends[1] - ends[0])
            throw Wrong($"{name} [{string.Join(",", dimensions)}] takes {expected} bytes, found {ends[1] - ends[0]}");
        return new StoredTensor(entry.Name, name, dimensions, checked(start + ends[0]), ends[1] - ends[0]);
    }

    /// <summary>The tensors cover the data exactly: no hole, no overlap, nothing after them.</summary>
    static void CheckCoverage(IEnumerable<StoredTensor> tensors, long start, long length, string path)
    {
        long end = start;
        foreach (StoredTensor tensor in tensors.OrderBy(tensor => tensor.Begin).ThenBy(tensor => tensor.Bytes))
        {
            if (tensor.Begin != end)
                throw new InvalidInputException($"{path}: tensor '{tensor.Name}' begins at byte {tensor.Begin}, expected {end}: the data has a {(tensor.Begin < end ? "overlap" : "hole")}");
            end = checked(end + tensor.Bytes);
        }
        if (end != length) throw new InvalidInputException($"{path}: found {length} bytes, expected {end} by the header");
    }
}
