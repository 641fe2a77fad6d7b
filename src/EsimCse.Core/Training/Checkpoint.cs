using System.Globalization;
using EsimCse.Core.Backend;
using EsimCse.Core.Files;

namespace EsimCse.Core.Training;

/// <summary>The checkpoints of a run: safetensors files named by their step, written whole or not at all, the newest two kept.</summary>
static class Checkpoint
{
    const int Kept = 2;
    const string Prefix = "step-", Suffix = ".safetensors";

    /// <summary>Writes a checkpoint, and removes those before the newest two.</summary>
    /// <exception cref="IOException">It cannot be written; the ones before are left.</exception>
    public static void Save(string folder, int step, IBackend backend, IReadOnlyList<(string Name, Matrix Matrix)> state, IReadOnlyDictionary<string, string> metadata)
    {
        Directory.CreateDirectory(folder);
        Write(PathOf(folder, step), backend, state, metadata);
        foreach (int old in Steps(folder).SkipLast(Kept)) File.Delete(PathOf(folder, old));
    }

    /// <summary>Writes matrices to a file.</summary>
    public static void Write(string path, IBackend backend, IReadOnlyList<(string Name, Matrix Matrix)> state, IReadOnlyDictionary<string, string> metadata) =>
        SafetensorsWriter.Write(path, [.. state.Select(part => new TensorToWrite(part.Name, part.Matrix.Type == ElementType.Int32 ? "I32" : "F32",
            [part.Matrix.Rows, part.Matrix.Columns], () => Bytes(backend, part.Matrix)))], metadata);

    /// <summary>The steps of the checkpoints in a folder, in order.</summary>
    public static IReadOnlyList<int> Steps(string folder) => !Directory.Exists(folder) ? [] :
        [.. Directory.GetFiles(folder, Prefix + "*" + Suffix)
            .Select(file => int.TryParse(Path.GetFileName(file)[Prefix.Length..^Suffix.Length], NumberStyles.None, CultureInfo.InvariantCulture, out int step) ? step : -1)
            .Where(step => step >= 0).Order()];

    /// <summary>The newest checkpoint that is whole; null for none. One that a crash of the machine cut short is passed over.</summary>
    public static (int Step, SafetensorsFile File)? OpenNewest(string folder)
    {
        foreach (int step in Steps(folder).Reverse())
            try
            {
                return (step, SafetensorsFile.Open(PathOf(folder, step)));
            }
            catch (InvalidInputException)
            {
            }
        return null;
    }

    /// <summary>Where the checkpoint of a step lies.</summary>
    public static string PathOf(string folder, int step) => Path.Combine(folder, Prefix + step.ToString("D8", CultureInfo.InvariantCulture) + Suffix);

    /// <summary>Reads matrices from a file.</summary>
    /// <exception cref="InvalidInputException">One is missing or of another shape.</exception>
    public static void Load(SafetensorsFile file, IBackend backend, IReadOnlyList<(string Name, Matrix Matrix)> state)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(state);
        foreach ((string name, Matrix matrix) in state)
            if (file.Tensors.TryGetValue(name, out StoredTensor? tensor) && tensor.Bytes == matrix.Bytes) backend.Upload(file.Span<byte>(tensor), matrix);
            else throw new InvalidInputException($"{file.Path}: tensor '{name}': found {(tensor is null ? "none" : $"{tensor.Bytes} bytes")}, expected {matrix.Bytes} bytes");
    }

    static ReadOnlyMemory<byte> Bytes(IBackend backend, Matrix matrix)
    {
        byte[] bytes = new byte[matrix.Bytes];
        backend.Download(matrix, bytes.AsSpan());
        return bytes;
    }
}
