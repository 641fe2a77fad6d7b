using EsimCse.Core;
using EsimCse.Core.Files;
using EsimCse.Core.Model;
using EsimCse.Core.Model.SentenceTransformers;
using EsimCse.Core.Training;

namespace EsimCseNative.Hub;

/// <summary>The files of a repository that are read, out of those that it has.</summary>
static class ModelFiles
{
    /// <summary>The list of sentence-transformers' modules.</summary>
    public const string Modules = "modules.json";

    const string NamedPooler = "esimcse.json", Config = "config.json";
    const string Weights = "model.safetensors", Index = Weights + ".index.json";

    static readonly string[] RootSettings = [NamedPooler, Modules, "config_sentence_transformers.json"];

    static readonly string[] EncoderSettings =
    [
        Config, "adapter_config.json", .. TransformerSettings.Files, .. ModelFolderWriter.TokenizerFiles,
    ];

    /// <summary>Returns the settings in the repository's own folder.</summary>
    public static IEnumerable<string> InRoot(IReadOnlySet<string> listed) => RootSettings.Where(listed.Contains);

    /// <summary>
    /// Returns the settings and the tokenizer of the encoder, then the files of the modules after it. The files of
    /// <see cref="InRoot"/> are in the snapshot.
    /// </summary>
    /// <exception cref="InvalidInputException">modules.json is not valid.</exception>
    public static IEnumerable<string> InModules(string snapshot, IReadOnlySet<string> listed, bool withWeights)
    {
        string[] folders = Folders(snapshot);
        string[] ofModule = withWeights ? [Config, Weights] : [Config];
        IEnumerable<string> files = EncoderSettings.Select(name => Join(folders[0], name));
        foreach (string folder in folders[1..]) files = files.Concat(ofModule.Select(name => Join(folder, name)));
        return files.Where(listed.Contains);
    }

    /// <summary>Returns the encoder's file of weights, or the index of its shards.</summary>
    /// <exception cref="InvalidInputException">The repository has neither.</exception>
    public static string FindWeights(HubId id, string snapshot, IReadOnlySet<string> listed)
    {
        string folder = Folders(snapshot)[0];
        string[] names = [Join(folder, Weights), Join(folder, Index)];
        if (names.FirstOrDefault(listed.Contains) is { } found) return found;
        string other = listed.Order(StringComparer.Ordinal).FirstOrDefault(IsOtherWeights) ?? "no weights";
        throw new InvalidInputException(
            $"{id}: found {other}, expected {names[0]}: the repository has no weights in safetensors");
    }

    /// <summary>Returns the files that an index of shards names.</summary>
    /// <exception cref="InvalidInputException">The index is not valid.</exception>
    public static IEnumerable<string> Shards(string snapshot, string index)
    {
        if (!index.EndsWith(Index, StringComparison.Ordinal)) return [];
        string folder = index[..^Index.Length];
        return ModelTensors.ShardNames(InSnapshot(snapshot, index)).Select(name => folder + name);
    }

    /// <summary>
    /// Returns a file that a snapshot lacks, out of the configuration and the weights; null for none. The weights are
    /// the last that is downloaded, so that a snapshot of ours that has them has all files.
    /// </summary>
    /// <exception cref="InvalidInputException">modules.json or the index of the shards is not valid.</exception>
    public static string? FindMissing(string snapshot, bool withWeights)
    {
        if (!Directory.Exists(snapshot)) return Config;
        string folder = Folders(snapshot)[0];
        List<string> needed = [Join(folder, Config)];
        if (withWeights)
        {
            string index = Join(folder, Index);
            bool isSharded = !IsThere(Join(folder, Weights)) && IsThere(index);
            needed.AddRange(isSharded ? Shards(snapshot, index) : [Join(folder, Weights)]);
        }
        return needed.FirstOrDefault(file => !IsThere(file));

        bool IsThere(string file) => InputFile.Exists(InSnapshot(snapshot, file));
    }

    /// <summary>Returns the folder of the encoder, then those of the modules after it; empty is the root.</summary>
    static string[] Folders(string snapshot)
    {
        string modules = Path.Combine(snapshot, Modules);
        bool isNamed = InputFile.IsPresent(Path.Combine(snapshot, NamedPooler));
        if (isNamed || !InputFile.IsPresent(modules)) return [""];
        return [.. ModuleList.Read(snapshot, modules).Select(module => Relative(module.Folder))];

        string Relative(string folder)
        {
            string path = Path.GetRelativePath(snapshot, folder).Replace('\\', '/').TrimEnd('/');
            return path == "." ? "" : path;
        }
    }

    static string Join(string folder, string name) => folder.Length == 0 ? name : $"{folder}/{name}";

    static string InSnapshot(string snapshot, string file) => Path.Combine([snapshot, .. file.Split('/')]);

    static bool IsOtherWeights(string file) =>
        Path.GetExtension(file) is ".bin" or ".h5" or ".msgpack" or ".onnx" or ".gguf" or ".ckpt" or ".pt";
}
