using EsimCse.Core.Files;

namespace EsimCse.Core.Model.SentenceTransformers;

/// <summary>One entry of modules.json.</summary>
/// <param name="Type">The class, without its module path.</param>
/// <param name="Folder">The path of its folder.</param>
/// <param name="Entry">The entry, for error messages.</param>
sealed record ModuleEntry(string Type, string Folder, JsonSettings Entry)
{
    /// <summary>Returns the path of a file of the module.</summary>
    public string In(string file) => Path.Combine(Folder, file);

    /// <summary>Returns the error of a module of another kind, or in another place, than is supported.</summary>
    public InvalidInputException Wrong(string expected) => Entry.Wrong(ModuleList.TypeKey, expected);
}

/// <summary>
/// Reads modules.json, the list of a folder's modules: they run in its order, whatever their idx. A class path is
/// sentence_transformers.models.X in versions 2 to 5, and sentence_transformers.….modules.x.X in version 6.
/// </summary>
static class ModuleList
{
    /// <summary>The key of the class.</summary>
    public const string TypeKey = "type";

    const string Package = "sentence_transformers.";
    const string NameKey = "name", PathKey = "path";

    /// <summary>The keys of an entry.</summary>
    public static SettingKeys Keys { get; } = new()
    {
        Honoured = [TypeKey, PathKey, NameKey],
        Harmless = ["idx", "kwargs"],
        IsClosed = true,
    };

    /// <summary>Reads the entries of modules.json.</summary>
    /// <exception cref="InvalidInputException">
    /// The file is not such a list, or has a class of another package, a path outside the folder, or a name twice.
    /// </exception>
    public static List<ModuleEntry> Read(string folder, string file)
    {
        HashSet<string> names = [];
        List<ModuleEntry> modules = [];
        foreach (JsonSettings entry in JsonSettings.ReadList(file, Keys))
        {
            // sentence-transformers keeps the modules in a dictionary: of two with one name the last is in both places.
            if (entry.Text(NameKey) is { } name && !names.Add(name)) throw entry.Wrong(NameKey, "another name each");
            string path = entry.Text(PathKey) ?? throw entry.Wrong(PathKey, "a folder");
            if (path.Split('/', '\\').Contains("..") || Path.IsPathRooted(path))
                throw entry.Wrong(PathKey, "a folder inside this one");
            string type = entry.Text(TypeKey) ?? "";
            if (!type.StartsWith(Package, StringComparison.Ordinal))
                throw entry.Wrong(TypeKey, $"a class of {Package[..^1]}");
            modules.Add(new ModuleEntry(type.Split('.')[^1], Path.Combine(folder, path), entry));
        }
        return modules.Count > 0 ? modules : throw new InvalidInputException($"{file}: no modules");
    }
}
