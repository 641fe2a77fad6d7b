using EsimCse.Core;
using EsimCse.Core.Files;

namespace EsimCse.Formats;

/// <summary>A file of vectors.</summary>
static class VectorFile
{
    /// <summary>Writes a file whose extension selects the format; it is complete or as it was before.</summary>
    /// <exception cref="InvalidInputException">The rows cannot be read, or are not finite.</exception>
    /// <exception cref="IOException">The file cannot be written, or another process writes it.</exception>
    public static void Write(string path, VectorRows rows)
    {
        VectorFormat format = VectorFormat.Find(path)
            ?? throw new ArgumentException($"{path}: unknown extension", nameof(path));
        AtomicFile.Write(path, stream => format.Writer.Write(stream, rows));
    }
}
