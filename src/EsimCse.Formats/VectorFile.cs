using System.Runtime.InteropServices;
using EsimCse.Core;
using EsimCse.Core.Files;

namespace EsimCse.Formats;

/// <summary>A file of vectors.</summary>
static class VectorFile
{
    /// <summary>Returns the path of the scales of a file of int8: .npy of fp32, one for each column.</summary>
    public static string ScalesPath(string path) => path + ".scales.npy";

    /// <summary>
    /// Writes a file whose extension selects the format, and the scales of int8; they are complete or as before.
    /// </summary>
    /// <exception cref="InvalidInputException">The rows cannot be read, or are not finite.</exception>
    /// <exception cref="IOException">The file cannot be written, or another process writes it.</exception>
    public static void Write(string path, VectorRows rows)
    {
        VectorFormat? format = VectorFormat.Find(path);
        if (format is null || !format.Types.Contains(rows.Type))
            throw new ArgumentException($"{path}: no format that stores {rows.Type.Name()}", nameof(path));
        AtomicFile.Write(path, stream =>
        {
            format.Writer.Write(stream, rows);
            // Before the vectors get their name: vectors without scales are of no use.
            if (rows.Stored is Int8Rows quantized) WriteScales(ScalesPath(path), quantized);
        });
    }

    static void WriteScales(string path, Int8Rows rows) => AtomicFile.Write(path, stream =>
    {
        stream.Write(NpyHeader.Create("<f4", rows.Columns));
        stream.Write(MemoryMarshal.AsBytes(rows.Scales));
    });
}
