using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Matmul;

/// <summary>
/// The algorithms that `esimcse tune` chose by time, in a file for each device and version of cuBLASLt: one for each
/// number of rows in training, one for all in embedding. Results depend on them, so checkpoints store
/// <see cref="Hash"/>.
/// </summary>
sealed class TunedMatmuls
{
    readonly string _path;
    readonly SortedDictionary<string, MatmulAlgorithm> _algorithms = new(StringComparer.Ordinal);
    readonly HashSet<string> _timed = [];

    /// <summary>Reads a file. An absent, unreadable or malformed one counts as empty.</summary>
    public TunedMatmuls(string path)
    {
        _path = path;
        if (File.Exists(_path)) Read();
    }

    /// <summary>Returns the path of a device's file.</summary>
    public static string PathFor(string device)
    {
        string name = string.Concat(device.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-'));
        // Files named "products" hold algorithms that were timed for another number of rows.
        return CacheFolder.In($"matmuls-{name}-{CublasLt.GetVersion()}.json");
    }

    /// <summary>A hash of all algorithms; empty if there are none.</summary>
    public string Hash
    {
        get
        {
            if (_algorithms.Count == 0) return "";
            byte[] hash = SHA256.HashData(ToBytes());
            return Convert.ToHexStringLower(hash)[..16];
        }
    }

    public bool TryGet(MatmulShape shape, out MatmulAlgorithm algorithm) =>
        _algorithms.TryGetValue(shape.FileKey, out algorithm);

    /// <summary>Adds the algorithm that was the fastest of a shape's.</summary>
    public void AddTimed(MatmulShape shape, MatmulAlgorithm algorithm)
    {
        _algorithms[shape.FileKey] = algorithm;
        _timed.Add(shape.FileKey);
    }

    /// <summary>Returns the algorithm of a shape that was added, not read from the file.</summary>
    public bool TryGetTimed(MatmulShape shape, out MatmulAlgorithm algorithm)
    {
        algorithm = default;
        return _timed.Contains(shape.FileKey) && TryGet(shape, out algorithm);
    }

    /// <summary>Writes the file atomically and returns its path.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public string Save()
    {
        CacheFolder.Write(_path, ToBytes());
        return _path;
    }

    byte[] ToBytes() => Encoding.UTF8.GetBytes(ToJson().ToJsonString());

    JsonObject ToJson()
    {
        JsonObject json = [];
        foreach ((string key, MatmulAlgorithm algorithm) in _algorithms)
            json[key] = Convert.ToBase64String(MemoryMarshal.AsBytes(new ReadOnlySpan<MatmulAlgorithm>(in algorithm)));
        return json;
    }

    void Read()
    {
        try
        {
            JsonObject json = JsonNode.Parse(File.ReadAllText(_path))?.AsObject() ?? [];
            foreach ((string key, JsonNode? value) in json)
            {
                byte[] words = Convert.FromBase64String(value?.GetValue<string>() ?? "");
                _algorithms[key] = MemoryMarshal.Read<MatmulAlgorithm>(words);
            }
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            _algorithms.Clear();
        }
    }

    static bool IsUnreadable(Exception e) =>
        e is IOException or UnauthorizedAccessException
        or JsonException or FormatException or InvalidOperationException or ArgumentException;
}
