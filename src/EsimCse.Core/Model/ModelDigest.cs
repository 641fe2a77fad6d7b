using System.Security.Cryptography;
using System.Text;
using EsimCse.Core.Files;
using EsimCse.Core.Model.SentenceTransformers;

namespace EsimCse.Core.Model;

/// <summary>Digests of the files of a model folder that determine its vectors.</summary>
static class ModelDigest
{
    static readonly string[] SettingNames =
    [
        "config.json", "modules.json", "esimcse.json", "sentence_bert_config.json",
        "config_sentence_transformers.json", "model.safetensors.index.json",
    ];

    static readonly string[] TokenizerNames =
    [
        "tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json", "merges.txt", "added_tokens.json",
        "special_tokens_map.json",
    ];

    /// <summary>Returns the SHA-256 of settings and weights, those of its modules included.</summary>
    public static string OfModel(ModelFolder folder)
    {
        string modules = Path.Combine(folder.Path, "modules.json");
        IEnumerable<string> ofModules = File.Exists(modules)
            ? ModuleList.Read(folder.Path, modules).Select(module => module.Folder)
            : [];
        IEnumerable<string> folders = ofModules.Prepend(folder.EncoderPath).Prepend(folder.Path);
        return Compute(folder.Path, folders.SelectMany(Find));

        static IEnumerable<string> Find(string folder) => Directory.Exists(folder)
            ? Directory.GetFiles(folder, "*.safetensors").Concat(FindNames(folder, SettingNames))
            : [];
    }

    /// <summary>Returns the SHA-256 of the tokenizer's files.</summary>
    public static string OfTokenizer(ModelFolder folder) =>
        Compute(folder.EncoderPath, FindNames(folder.EncoderPath, TokenizerNames));

    static IEnumerable<string> FindNames(string folder, string[] names) =>
        names.Select(name => Path.Combine(folder, name)).Where(File.Exists);

    static string Compute(string root, IEnumerable<string> files)
    {
        using IncrementalHash digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        IEnumerable<(string Name, string Path)> entries =
            from path in files.Select(Path.GetFullPath).Distinct()
            select (Path.GetRelativePath(root, path).Replace('\\', '/'), path);
        foreach ((string name, string path) in entries.OrderBy(entry => entry.Name, StringComparer.Ordinal))
            digest.AppendData(Encoding.UTF8.GetBytes($"{name}\n{FileDigest.Compute(path)}\n"));
        return Convert.ToHexStringLower(digest.GetHashAndReset());
    }
}
