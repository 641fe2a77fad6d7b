using EsimCse.Core.Files;

namespace EsimCse.Core.Model.SentenceTransformers;

/// <summary>The weights of a module in its folder's model.safetensors.</summary>
sealed class ModuleTensors : IDisposable
{
    readonly SafetensorsFile _file;
    readonly string _config;

    /// <summary>Opens the weights and checks that they have these tensors and no others.</summary>
    /// <param name="folder">The module's folder.</param>
    /// <param name="names">Names of the tensors.</param>
    /// <exception cref="InvalidInputException">The file is missing, not valid, or has other tensors.</exception>
    public ModuleTensors(string folder, params string[] names)
    {
        string path = Path.Combine(folder, "model.safetensors");
        bool hasPickle = !InputFile.IsPresent(path) && InputFile.IsPresent(Path.Combine(folder, "pytorch_model.bin"));
        if (hasPickle)
            throw new InvalidInputException(
                $"{folder}: found pytorch_model.bin alone, expected model.safetensors: save it again with safetensors");
        _config = Path.Combine(folder, "config.json");
        _file = SafetensorsFile.Open(path);
        string? other = _file.Tensors.Keys.Except(names).FirstOrDefault();
        if (other is null) return;
        _file.Dispose();
        throw new InvalidInputException($"{path}: tensor '{other}': expected only {string.Join(" and ", names)}");
    }

    /// <summary>Reads a tensor.</summary>
    /// <exception cref="InvalidInputException">It is missing, of another shape or type, or not finite.</exception>
    public float[] Read(string name, params int[] shape)
    {
        if (!_file.Tensors.TryGetValue(name, out StoredTensor? tensor))
            throw new InvalidInputException(
                $"{_file.Path}: tensor '{name}': found none, expected shape [{string.Join(",", shape)}]");
        _file.Require(tensor, shape, _config);
        return _file.ReadFinite(tensor);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
