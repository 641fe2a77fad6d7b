using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using EsimCse.Core.Backend;
using EsimCse.Core.Files;

namespace EsimCse.Core.Training;

/// <summary>
/// The checkpoints of a run: safetensors files named by their step. A file is written whole or not at all.
/// </summary>
static class Checkpoint
{
    /// <summary>The number of checkpoints kept.</summary>
    const int MaxCount = 2;

    const string Prefix = "step-", Suffix = ".safetensors";

    /// <summary>Writes a checkpoint, then deletes all but the newest two.</summary>
    /// <exception cref="IOException">It cannot be written; the earlier ones remain.</exception>
    public static void Save(
        string folder,
        int step,
        IBackgroundReader reader,
        IReadOnlyList<(string Name, Matrix Matrix)> state,
        IReadOnlyDictionary<string, string> metadata)
    {
        Directory.CreateDirectory(folder);
        Write(PathOf(folder, step), reader, state, metadata);
        foreach (int old in Steps(folder).SkipLast(MaxCount)) File.Delete(PathOf(folder, old));
    }

    /// <summary>Writes matrices to a file.</summary>
    public static void Write(
        string path,
        IBackgroundReader reader,
        IReadOnlyList<(string Name, Matrix Matrix)> state,
        IReadOnlyDictionary<string, string> metadata)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(checked((int)state.Max(part => part.Matrix.Bytes)));
        SafetensorsWriter.Write(path, [.. state.Select(part => Tensor(part.Name, part.Matrix))], metadata);

        TensorToWrite Tensor(string name, Matrix matrix)
        {
            string type = matrix.Type == ElementType.Int32 ? "I32" : "F32";
            return new(name, type, [matrix.Rows, matrix.Columns], () => Read(matrix));
        }

        ReadOnlyMemory<byte> Read(Matrix matrix)
        {
            Memory<byte> bytes = buffer.AsMemory(0, (int)matrix.Bytes);
            reader.Read(matrix, bytes.Span);
            return bytes;
        }
    }

    /// <summary>Returns the steps of the checkpoints in a folder, in order.</summary>
    public static IReadOnlyList<int> Steps(string folder)
    {
        if (!Directory.Exists(folder)) return [];
        IEnumerable<int> steps = Directory.GetFiles(folder, Prefix + "*" + Suffix).Select(ParseStep);
        return [.. steps.Where(step => step >= 0).Order()];
    }

    /// <summary>
    /// Opens the newest complete checkpoint; null for none. Truncated files, left by a crash, are skipped.
    /// </summary>
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

    /// <summary>Returns the path of a step's checkpoint.</summary>
    public static string PathOf(string folder, int step) =>
        Path.Combine(folder, Prefix + step.ToString("D8", CultureInfo.InvariantCulture) + Suffix);

    /// <summary>Reads matrices from a file.</summary>
    /// <exception cref="InvalidInputException">One is missing or of another size.</exception>
    public static void Load(SafetensorsFile file, IBackend backend, IReadOnlyList<(string Name, Matrix Matrix)> state)
    {
        foreach ((string name, Matrix matrix) in state)
        {
            if (!file.Tensors.TryGetValue(name, out StoredTensor? tensor)) ThrowUnexpected(file, name, "none", matrix);
            if (tensor.Bytes != matrix.Bytes) ThrowUnexpected(file, name, $"{tensor.Bytes} bytes", matrix);
            backend.Upload(file.Span<byte>(tensor), matrix);
        }
    }

    /// <summary>Returns the step in a file's name; -1 for another name.</summary>
    static int ParseStep(string path)
    {
        string digits = Path.GetFileName(path)[Prefix.Length..^Suffix.Length];
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int step) ? step : -1;
    }

    [DoesNotReturn]
    static void ThrowUnexpected(SafetensorsFile file, string tensor, string found, Matrix expected) =>
        throw new InvalidInputException(
            $"{file.Path}: tensor '{tensor}': found {found}, expected {expected.Bytes} bytes");
}
