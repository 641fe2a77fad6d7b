using System.Buffers.Binary;
using System.Text.Json;

namespace EsimCse.Peers.OnnxRuntime;

/// <summary>A tensor of a file.</summary>
/// <param name="Shape">The dimensions.</param>
/// <param name="Offset">The place of its first byte in the file.</param>
/// <param name="Bytes">The number of its bytes.</param>
readonly record struct StoredWeight(int[] Shape, long Offset, long Bytes);

/// <summary>The fp32 tensors of a model.safetensors, by their names in BertModel.</summary>
sealed class WeightFile
{
    const string Prefix = "bert.";

    readonly Dictionary<string, StoredWeight> _weights = [];

    public WeightFile(string path)
    {
        Name = Path.GetFileName(path);
        using FileStream file = File.OpenRead(path);
        Span<byte> length = stackalloc byte[sizeof(long)];
        file.ReadExactly(length);
        byte[] header = new byte[BinaryPrimitives.ReadInt64LittleEndian(length)];
        file.ReadExactly(header);
        long start = file.Position;
        using JsonDocument json = JsonDocument.Parse(header);
        foreach (JsonProperty tensor in json.RootElement.EnumerateObject())
        {
            if (tensor.Name == "__metadata__" || tensor.Value.GetProperty("dtype").GetString() != "F32") continue;
            int[] shape = [.. tensor.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];
            JsonElement offsets = tensor.Value.GetProperty("data_offsets");
            long begin = offsets[0].GetInt64();
            string name = tensor.Name.StartsWith(Prefix, StringComparison.Ordinal)
                ? tensor.Name[Prefix.Length..]
                : tensor.Name;
            _weights[name] = new StoredWeight(shape, start + begin, offsets[1].GetInt64() - begin);
        }
    }

    /// <summary>The file's name without its folder.</summary>
    public string Name { get; }

    public StoredWeight this[string name] => _weights.TryGetValue(name, out StoredWeight weight)
        ? weight
        : throw new InvalidDataException($"{Name}: no fp32 tensor '{name}'");
}
