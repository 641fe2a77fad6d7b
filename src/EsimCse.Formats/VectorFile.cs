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
    /// Returns the number of rows.
    /// </summary>
    /// <exception cref="InvalidInputException">The rows cannot be read, or are not finite.</exception>
    /// <exception cref="IOException">The file cannot be written, or another process writes it.</exception>
    public static long Write(string path, VectorRows rows)
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
        return rows.Count;
    }

    /// <summary>Reads the scales of a file of int8; null where they are missing or of another dimension.</summary>
    public static float[]? ReadScales(string path, int dimension)
    {
        string scales = ScalesPath(path);
        if (!File.Exists(scales)) return null;
        ReadOnlySpan<byte> bytes = File.ReadAllBytes(scales);
        if (bytes.Length != NpyHeader.Bytes + dimension * sizeof(float)) return null;
        return MemoryMarshal.Cast<byte, float>(bytes[NpyHeader.Bytes..]).ToArray();
    }

    static void WriteScales(string path, Int8Rows rows) => AtomicFile.Write(path, stream =>
    {
        stream.Write(NpyHeader.Create("<f4", rows.Columns));
        stream.Write(MemoryMarshal.AsBytes(rows.Scales));
    });
}
