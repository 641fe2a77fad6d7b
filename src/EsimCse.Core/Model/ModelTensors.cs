using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using EsimCse.Core.Files;

namespace EsimCse.Core.Model;

/// <summary>
/// The weights of a model folder under the names of Hugging Face's BertModel, whatever the file calls them: with the prefix of a task model, with
/// LayerNorm.gamma and beta, as SimCSE's mlp.dense. Heads of other tasks, buffers and momentum copies are passed over.
/// </summary>
public sealed class ModelTensors : IDisposable
{
    readonly List<SafetensorsFile> _files = [];
    readonly Dictionary<string, (SafetensorsFile File, StoredTensor Tensor)> _tensors = [];
    readonly string _folder;

    ModelTensors(string folder) => _folder = folder;

    /// <summary>Opens model.safetensors, or the shards that model.safetensors.index.json names.</summary>
    /// <exception cref="InvalidInputException">Neither is there, or one of them is not valid.</exception>
    public static ModelTensors Open(string folder)
    {
        string single = Path.Combine(folder, "model.safetensors"), index = single + ".index.json";
        ModelTensors tensors = new(folder);
        try
        {
            if (File.Exists(single)) tensors.AddAll(single);
            else if (File.Exists(index)) tensors.AddShards(index);
            else
                throw new InvalidInputException(File.Exists(Path.Combine(folder, "pytorch_model.bin"))
                    ? $"{folder}: found pytorch_model.bin alone, expected model.safetensors: save the model again with safetensors"
                    : $"{folder}: found neither model.safetensors nor model.safetensors.index.json");
            return tensors;
        }
        catch
        {
            tensors.Dispose();
            throw;
        }
    }

    /// <summary>Whether a parameter is there.</summary>
    public bool Contains(string name) => _tensors.ContainsKey(name);

    /// <summary>The layers that the weights have.</summary>
    public int Layers => 1 + _tensors.Keys.Where(name => name.StartsWith("encoder.layer.", StringComparison.Ordinal))
        .Select(name => int.TryParse(name.Split('.')[2], out int layer) ? layer : -1).DefaultIfEmpty(-1).Max();

    /// <summary>Adds every tensor's name and first bytes to a digest: enough to tell two trainings of one model apart without reading all of it.</summary>
    internal void AddTo(IncrementalHash digest)
    {
        foreach ((string name, (SafetensorsFile file, StoredTensor tensor)) in _tensors.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            ReadOnlySpan<byte> bytes = file.Span<byte>(tensor);
            digest.AppendData(Encoding.UTF8.GetBytes($"{name} {tensor.Type} "));
            digest.AppendData(bytes[..Math.Min(bytes.Length, 4096)]);
        }
    }

    /// <summary>The elements of a parameter, as fp32.</summary>
    /// <exception cref="InvalidInputException">It is missing, of another shape, or not finite.</exception>
    public void Read(ParameterTensor parameter, Span<float> target)
    {
        (SafetensorsFile file, StoredTensor tensor) = Find(parameter);
        file.ReadFinite(tensor, target);
    }

    /// <summary>Where a parameter lies.</summary>
    /// <exception cref="InvalidInputException">It is missing or of another shape.</exception>
    internal (SafetensorsFile File, StoredTensor Tensor) Find(ParameterTensor parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        if (!_tensors.TryGetValue(parameter.Name, out (SafetensorsFile File, StoredTensor Tensor) found))
            throw new InvalidInputException($"{_folder}: tensor '{parameter.Name}' is missing from the weights");
        if (!found.Tensor.Shape.SequenceEqual(parameter.Shape.Select(dimension => (long)dimension)))
            throw new InvalidInputException($"{found.File.Path}: tensor '{found.Tensor.Name}': found shape [{string.Join(",", found.Tensor.Shape)}], expected [{string.Join(",", parameter.Shape)}] by config.json");
        return found;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SafetensorsFile file in _files) file.Dispose();
    }

    void AddAll(string path)
    {
        SafetensorsFile file = SafetensorsFile.Open(path);
        _files.Add(file);
        foreach (StoredTensor tensor in file.Tensors.Values) Add(file, tensor);
    }

    void AddShards(string index)
    {
        if (JsonFile.ReadObject(index)["weight_map"] is not JsonObject map) throw new InvalidInputException($"{index}: expected an object weight_map");
        Dictionary<string, SafetensorsFile> shards = [];
        foreach ((string name, JsonNode? value) in map)
        {
            if (value is not JsonValue text || !text.TryGetValue(out string? shard) || Path.GetFileName(shard) != shard)
                throw new InvalidInputException($"{index}: tensor '{name}': expected the name of a file in this folder");
            if (!shards.TryGetValue(shard, out SafetensorsFile? file))
            {
                shards[shard] = file = SafetensorsFile.Open(Path.Combine(_folder, shard));
                _files.Add(file);
            }
            if (!file.Tensors.TryGetValue(name, out StoredTensor? tensor)) throw new InvalidInputException($"{index}: tensor '{name}' is not in {shard}");
            Add(file, tensor);
        }
    }

    void Add(SafetensorsFile file, StoredTensor tensor)
    {
        string name = tensor.Name.StartsWith("bert.", StringComparison.Ordinal) ? tensor.Name[5..] : tensor.Name;
        if (name.StartsWith("mlp.dense.", StringComparison.Ordinal)) name = "pooler" + name[3..];
        if (name.Contains("LayerNorm.", StringComparison.Ordinal))
            name = name.Replace("LayerNorm.gamma", "LayerNorm.weight", StringComparison.Ordinal).Replace("LayerNorm.beta", "LayerNorm.bias", StringComparison.Ordinal);
        if (name.StartsWith("embeddings.", StringComparison.Ordinal) && !name.EndsWith("position_ids", StringComparison.Ordinal)
            || name.StartsWith("encoder.", StringComparison.Ordinal) || name.StartsWith("pooler.dense.", StringComparison.Ordinal))
            _tensors[name] = (file, tensor);
    }
}
