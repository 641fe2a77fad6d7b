using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EsimCse.Cuda.Interop;
using EsimCse.Cuda.Kernels;

namespace EsimCse.Cuda.Matmul;

/// <summary>Algorithms that `esimcse tune` chose by time, kept on disk for a device and a version of cuBLASLt. Bits depend on them, so a checkpoint holds their hash.</summary>
sealed class TunedMatmuls
{
    readonly string _path;
    readonly SortedDictionary<string, MatmulAlgorithm> _algorithms = new(StringComparer.Ordinal);

    public TunedMatmuls(string device)
    {
        string name = string.Concat(device.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-'));
        _path = Path.Combine(KernelCache.Root, $"products-{name}-{CublasLt.GetVersion()}.json");
        Read();
    }

    /// <summary>The hash of all entries; empty where nothing was tuned.</summary>
    public string Hash => _algorithms.Count == 0 ? "" : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Json().ToJsonString())))[..16];

    public bool TryGet(MatmulShape shape, out MatmulAlgorithm algorithm) => _algorithms.TryGetValue(shape.ToString(), out algorithm);

    public void Add(MatmulShape shape, MatmulAlgorithm algorithm) => _algorithms[shape.ToString()] = algorithm;

    /// <summary>Writes the table, whole or not at all; its path.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public string Save()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        string temporary = $"{_path}.{Environment.ProcessId}.tmp";
        File.WriteAllText(temporary, Json().ToJsonString());
        File.Move(temporary, _path, overwrite: true);
        return _path;
    }

    JsonObject Json()
    {
        JsonObject json = [];
        foreach ((string shape, MatmulAlgorithm algorithm) in _algorithms)
            json[shape] = Convert.ToBase64String(MemoryMarshal.AsBytes(new ReadOnlySpan<MatmulAlgorithm>(in algorithm)));
        return json;
    }

    /// <summary>A table that cannot be read is as none: the defaults are sound.</summary>
    void Read()
    {
        if (!File.Exists(_path)) return;
        try
        {
            foreach ((string shape, JsonNode? value) in JsonNode.Parse(File.ReadAllText(_path))?.AsObject() ?? [])
                _algorithms[shape] = MemoryMarshal.Read<MatmulAlgorithm>(Convert.FromBase64String(value?.GetValue<string>() ?? ""));
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            _algorithms.Clear();
        }
    }
}
