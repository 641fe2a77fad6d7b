using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using EsimCse.Core.Files;

namespace EsimCse.Core.Model;

/// <summary>
/// The weights of a model folder under their family's names, also where the file has a task model's prefix,
/// LayerNorm.gamma and beta, or SimCSE's mlp.dense as head. Heads of other tasks, buffers and momentum encoders are
/// ignored, the masked-language head unless it is asked for. Two tensors for one parameter are refused where it is
/// used.
/// </summary>
sealed class ModelTensors : IDisposable
{
    const string SimCseHead = "mlp.dense";
    const int DigestBytes = 4096;

    static readonly SettingKeys IndexKeys = new() { Honoured = ["weight_map"], Harmless = ["metadata"] };

    readonly Dictionary<string, SafetensorsFile> _files = [];
    readonly Dictionary<string, (SafetensorsFile File, StoredTensor Tensor)> _tensors = [];
    readonly Dictionary<string, (SafetensorsFile File, StoredTensor Tensor)> _duplicates = [];
    readonly string _folder;
    readonly ModelFamily _family;
    readonly bool _withMaskedLanguageHead;

    ModelTensors(string folder, ModelFamily family, bool withMaskedLanguageHead)
    {
        _folder = folder;
        _family = family;
        _withMaskedLanguageHead = withMaskedLanguageHead;
    }

    /// <summary>Opens model.safetensors, or the shards named in model.safetensors.index.json.</summary>
    /// <exception cref="InvalidInputException">Both are missing, or a file is not valid.</exception>
    public static ModelTensors Open(string folder, ModelFamily family, bool withMaskedLanguageHead = false)
    {
        string single = Path.Combine(folder, "model.safetensors");
        string index = single + ".index.json";
        ModelTensors tensors = new(folder, family, withMaskedLanguageHead);
        try
        {
            if (InputFile.IsPresent(single)) tensors.AddAll(single);
            else if (InputFile.IsPresent(index)) tensors.AddShards(index);
            else ThrowNoWeights(folder);
            return tensors;
        }
        catch
        {
            tensors.Dispose();
            throw;
        }
    }

    /// <summary>Returns the names of the files that model.safetensors.index.json names.</summary>
    /// <exception cref="InvalidInputException">The index is not valid, or names a file of another folder.</exception>
    public static IEnumerable<string> ShardNames(string index) =>
        ReadIndex(index).Select(entry => entry.Shard).Distinct();

    /// <summary>Whether a tensor is present.</summary>
    public bool Contains(string name) => _tensors.ContainsKey(name);

    /// <summary>Whether a tensor of the masked-language head is present, and was asked for.</summary>
    public bool HasMaskedLanguageHead => _tensors.Keys.Any(IsMaskedLanguageHead);

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
    /// <exception cref="InvalidInputException">
    /// It is missing, stored twice, of another shape, or not of a floating-point type.
    /// </exception>
    internal (SafetensorsFile File, StoredTensor Tensor) Find(ParameterTensor parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        if (!_tensors.TryGetValue(parameter.Name, out (SafetensorsFile File, StoredTensor Tensor) found))
            throw new InvalidInputException($"{_folder}: tensor '{parameter.Name}' is missing from the weights");
        if (_duplicates.TryGetValue(parameter.Name, out (SafetensorsFile File, StoredTensor Tensor) second))
            throw Duplicate(found, second, parameter.Name);
        found.File.Require(found.Tensor, parameter.Shape, "config.json");
        return found;
    }

    /// <summary>Returns the error of weights with more layers than config.json states.</summary>
    public InvalidInputException MoreLayersThan(int layers)
    {
        string config = Path.Combine(_folder, "config.json");
        return new($"{config}: num_hidden_layers: found {layers}, expected {Layers} by the layers in the weights");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SafetensorsFile file in _files.Values) file.Dispose();
    }

    SafetensorsFile AddAll(string path)
    {
        SafetensorsFile file = SafetensorsFile.Open(path);
        _files.Add(path, file);
        foreach (StoredTensor tensor in file.Tensors.Values) Add(file, tensor);
        return file;
    }

    /// <summary>
    /// Adds all tensors of the shards that the index names, as transformers does: also those that it does not list.
    /// </summary>
    void AddShards(string index)
    {
        foreach ((string name, string shard) in ReadIndex(index))
        {
            string path = Path.Combine(_folder, shard);
            SafetensorsFile file = _files.GetValueOrDefault(path) ?? AddAll(path);
            if (!file.Tensors.ContainsKey(name))
                throw new InvalidInputException($"{index}: tensor '{name}' is not in {shard}");
        }
    }

    /// <summary>Returns the tensors of an index, each with the file that has it.</summary>
    static IEnumerable<(string Tensor, string Shard)> ReadIndex(string index)
    {
        JsonSettings? map = JsonSettings.Read(index, IndexKeys).Object("weight_map", SettingKeys.Map);
        if (map is null) throw new InvalidInputException($"{index}: expected an object weight_map");
        foreach (string name in map.Names)
        {
            string? shard = map.Text(name);
            if (string.IsNullOrEmpty(shard) || Path.GetFileName(shard) != shard) throw NotInFolder(index, name);
            yield return (name, shard);
        }
    }

    void Add(SafetensorsFile file, StoredTensor tensor)
    {
        string name = CanonicalName(tensor.Name);
        // Files may hold the tied bias under both of its names.
        ModuleNames modules = _family.Modules;
        if (name == modules.MaskedLanguageDecoderBias && !file.Tensors.ContainsKey(modules.MaskedLanguageBias))
            name = modules.MaskedLanguageBias;
        if (IsParameter(name) && !_tensors.TryAdd(name, (file, tensor))) _duplicates[name] = (file, tensor);
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
        bool isBuffer = !name.EndsWith(".weight", StringComparison.Ordinal)
            && !name.EndsWith(".bias", StringComparison.Ordinal);
        if (isBuffer) return false;
        return name.StartsWith(modules.Embeddings, StringComparison.Ordinal)
            || name.StartsWith(modules.Encoder, StringComparison.Ordinal)
            || name.StartsWith(modules.Head + ".", StringComparison.Ordinal)
            || (_withMaskedLanguageHead && IsMaskedLanguageHead(name));
    }

    bool IsMaskedLanguageHead(string name) =>
        name.StartsWith(_family.Modules.MaskedLanguageHead, StringComparison.Ordinal);

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
        foreach (string name in new[] { "pytorch_model.bin", "pytorch_model.bin.index.json" })
            if (InputFile.IsPresent(Path.Combine(folder, name)))
                found = $"found {name} alone, expected model.safetensors: save the model again with safetensors";
        throw new InvalidInputException($"{folder}: {found}");
    }

    static InvalidInputException NotInFolder(string index, string tensor) =>
        new($"{index}: tensor '{tensor}': expected the name of a file in this folder");

    static InvalidInputException Duplicate(
        (SafetensorsFile File, StoredTensor Tensor) first,
        (SafetensorsFile File, StoredTensor Tensor) second,
        string name)
    {
        string other = $"'{second.Tensor.Name}'";
        if (second.File != first.File) other += $" in {Path.GetFileName(second.File.Path)}";
        return new($"{first.File.Path}: tensors '{first.Tensor.Name}' and {other}: found two for the parameter {name}");
    }
}
