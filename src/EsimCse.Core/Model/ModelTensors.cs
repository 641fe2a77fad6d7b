using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using EsimCse.Core.Files;

namespace EsimCse.Core.Model;

/// <summary>
/// The weights of a model folder under their family's names, also where the file has a task model's prefix,
/// LayerNorm.gamma and beta, or SimCSE's mlp.dense as head. Heads of other tasks, buffers and momentum encoders are
/// ignored.
/// </summary>
sealed class ModelTensors : IDisposable
{
    const string SimCseHead = "mlp.dense";
    const int DigestBytes = 4096;

    readonly List<SafetensorsFile> _files = [];
    readonly Dictionary<string, (SafetensorsFile File, StoredTensor Tensor)> _tensors = [];
    readonly string _folder;
    readonly ModelFamily _family;

    ModelTensors(string folder, ModelFamily family)
    {
        _folder = folder;
        _family = family;
    }

    /// <summary>Opens model.safetensors, or the shards named in model.safetensors.index.json.</summary>
    /// <exception cref="InvalidInputException">Both are missing, or a file is not valid.</exception>
    public static ModelTensors Open(string folder, ModelFamily family)
    {
        string single = Path.Combine(folder, "model.safetensors");
        string index = single + ".index.json";
        ModelTensors tensors = new(folder, family);
        try
        {
            if (File.Exists(single)) tensors.AddAll(single);
            else if (File.Exists(index)) tensors.AddShards(index);
            else ThrowNoWeights(folder);
            return tensors;
        }
        catch
        {
            tensors.Dispose();
            throw;
        }
    }

    /// <summary>Whether a tensor is present.</summary>
    public bool Contains(string name) => _tensors.ContainsKey(name);

    /// <summary>Number of layers in the weights: one more than the highest layer index.</summary>
    public int Layers => 1 + _tensors.Keys.Select(LayerIndex).DefaultIfEmpty(-1).Max();

    /// <summary>
    /// Adds the names, types and first 4096 bytes of all tensors to a digest. That distinguishes two trainings of one
    /// model without reading all of it.
    /// </summary>
    internal void AddTo(IncrementalHash digest)
    {
        foreach (string name in _tensors.Keys.Order(StringComparer.Ordinal))
        {
            (SafetensorsFile file, StoredTensor tensor) = _tensors[name];
            ReadOnlySpan<byte> bytes = file.Span<byte>(tensor);
            digest.AppendData(Encoding.UTF8.GetBytes($"{name} {tensor.Type} "));
            digest.AppendData(bytes[..Math.Min(bytes.Length, DigestBytes)]);
        }
    }

    /// <summary>Reads the elements of a parameter as fp32.</summary>
    /// <exception cref="InvalidInputException">It is missing, of another shape, or not finite.</exception>
    public float[] Read(ParameterTensor parameter)
    {
        (SafetensorsFile file, StoredTensor tensor) = Find(parameter);
        return file.ReadFinite(tensor);
    }

    /// <summary>Finds the stored tensor of a parameter.</summary>
    /// <exception cref="InvalidInputException">It is missing or of another shape.</exception>
    internal (SafetensorsFile File, StoredTensor Tensor) Find(ParameterTensor parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        if (!_tensors.TryGetValue(parameter.Name, out (SafetensorsFile File, StoredTensor Tensor) found))
            throw new InvalidInputException($"{_folder}: tensor '{parameter.Name}' is missing from the weights");
        if (!found.Tensor.Shape.SequenceEqual(parameter.Shape.Select(dimension => (long)dimension)))
            throw WrongShape(found.File, found.Tensor, parameter);
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
        if (JsonFile.ReadObject(index)["weight_map"] is not JsonObject map)
            throw new InvalidInputException($"{index}: expected an object weight_map");
        Dictionary<string, SafetensorsFile> shards = [];
        foreach ((string name, JsonNode? value) in map)
        {
            string? shard = JsonFile.Text(value);
            if (shard is null || Path.GetFileName(shard) != shard) throw NotInFolder(index, name);
            if (!shards.TryGetValue(shard, out SafetensorsFile? opened))
            {
                shards[shard] = opened = SafetensorsFile.Open(Path.Combine(_folder, shard));
                _files.Add(opened);
            }
            if (!opened.Tensors.TryGetValue(name, out StoredTensor? tensor))
                throw new InvalidInputException($"{index}: tensor '{name}' is not in {shard}");
            Add(opened, tensor);
        }
    }

    void Add(SafetensorsFile file, StoredTensor tensor)
    {
        string name = CanonicalName(tensor.Name);
        if (IsParameter(name)) _tensors[name] = (file, tensor);
    }

    string CanonicalName(string stored)
    {
        string prefix = _family.WeightPrefix;
        string name = stored.StartsWith(prefix, StringComparison.Ordinal) ? stored[prefix.Length..] : stored;
        if (name.StartsWith(SimCseHead + ".", StringComparison.Ordinal))
            name = _family.Modules.Head + name[SimCseHead.Length..];
        return name
            .Replace("LayerNorm.gamma", "LayerNorm.weight", StringComparison.Ordinal)
            .Replace("LayerNorm.beta", "LayerNorm.bias", StringComparison.Ordinal);
    }

    bool IsParameter(string name)
    {
        ModuleNames modules = _family.Modules;
        if (name.EndsWith("position_ids", StringComparison.Ordinal)) return false;
        return name.StartsWith(modules.Embeddings, StringComparison.Ordinal)
            || name.StartsWith(modules.Encoder, StringComparison.Ordinal)
            || name.StartsWith(modules.Head + ".", StringComparison.Ordinal);
    }

    /// <summary>Returns the number of the layer that a tensor belongs to; -1 for none.</summary>
    int LayerIndex(string name)
    {
        string prefix = _family.Modules.Layers;
        if (!name.StartsWith(prefix, StringComparison.Ordinal)) return -1;
        return int.TryParse(name[prefix.Length..].Split('.')[0], out int layer) ? layer : -1;
    }

    [DoesNotReturn]
    static void ThrowNoWeights(string folder)
    {
        string found = "found neither model.safetensors nor model.safetensors.index.json";
        if (File.Exists(Path.Combine(folder, "pytorch_model.bin")))
            found = "found pytorch_model.bin alone, expected model.safetensors: save the model again with safetensors";
        throw new InvalidInputException($"{folder}: {found}");
    }

    static InvalidInputException NotInFolder(string index, string tensor) =>
        new($"{index}: tensor '{tensor}': expected the name of a file in this folder");

    static InvalidInputException WrongShape(SafetensorsFile file, StoredTensor tensor, ParameterTensor parameter)
    {
        string found = string.Join(",", tensor.Shape);
        string expected = string.Join(",", parameter.Shape);
        return new($"{file.Path}: tensor '{tensor.Name}': found shape [{found}], expected [{expected}] by config.json");
    }
}
