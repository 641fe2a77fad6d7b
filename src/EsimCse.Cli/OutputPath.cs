using EsimCse.Core;
using EsimCse.Core.Files;

namespace EsimCse.Cli;

/// <summary>Checks of the file that a command is asked to write, before it reads or writes anything.</summary>
static class OutputPath
{
    const string StandardStream = "-";

    /// <exception cref="InvalidInputException">The folder of the output is missing.</exception>
    /// <exception cref="UsageException">The output is an input, or a file of the model.</exception>
    public static void Check(string output, IReadOnlyList<string> inputs, string model)
    {
        if (inputs.FirstOrDefault(path => IsInput(output, path)) is { } input)
            throw new UsageException($"--output {output}: is the input {input}, expected another file");
        if (output == StandardStream) return;
        RequireFolder(output);
        if (FindInModel(output, model) is { } file)
            throw new UsageException($"--output {output}: is the model's file {file}, expected another file");
    }

    /// <summary>Checks a folder of parts, which may be missing.</summary>
    /// <exception cref="InvalidInputException">The folder that it is in is missing.</exception>
    /// <exception cref="UsageException">It is a file, or holds an input.</exception>
    public static void CheckFolder(string output, IReadOnlyList<string> inputs)
    {
        string folder = Path.TrimEndingDirectorySeparator(output);
        RequireFolder(folder);
        if (File.Exists(folder)) throw new UsageException($"--output {output}: found a file, expected a folder");
        bool IsInside(string input) => FileIdentity.AreSame(Path.GetDirectoryName(Path.GetFullPath(input))!, folder);
        if (inputs.Where(input => input != StandardStream).FirstOrDefault(IsInside) is { } inside)
            throw new UsageException($"--output {output}: holds the input {inside}, expected another folder");
    }

    /// <exception cref="InvalidInputException">The folder of the output is missing.</exception>
    public static void RequireFolder(string output)
    {
        string? folder = Path.GetDirectoryName(Path.GetFullPath(output));
        bool missing = folder is not null && !Directory.Exists(folder);
        if (missing) throw new InvalidInputException($"{folder}: no such folder");
    }

    static bool IsInput(string output, string input)
    {
        // A terminal may be both; a regular file as both would be read and written at once.
        if (output == StandardStream || input == StandardStream)
            return FileIdentity.FromPath(input == StandardStream ? "/dev/stdin" : input) is { } one
                && FileIdentity.FromPath(output == StandardStream ? "/dev/stdout" : output) == one;
        return FileIdentity.AreSame(output, input);
    }

    /// <summary>Returns the file of a model folder that an output would replace; null for none.</summary>
    static string? FindInModel(string output, string model)
    {
        if (!File.Exists(output) || !Directory.Exists(model)) return null;
        IEnumerable<string> files = Directory.EnumerateFiles(model, "*", SearchOption.AllDirectories);
        return files.FirstOrDefault(file => IsRead(file) && FileIdentity.AreSame(file, output));
    }

    /// <summary>Returns whether a file of a model folder is settings, vocabulary or weights, by its name.</summary>
    static bool IsRead(string file)
    {
        string name = Path.GetFileName(file);
        if (Path.GetExtension(name) is ".json" or ".txt") return true;
        return name.StartsWith("model", StringComparison.Ordinal) && Path.GetExtension(name) == ".safetensors";
    }
}
