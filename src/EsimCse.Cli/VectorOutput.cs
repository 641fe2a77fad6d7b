using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using EsimCse.Core.Files;

namespace EsimCse.Cli;

/// <summary>Writes vectors as .npy, or as one JSON array a line to .jsonl or standard output.</summary>
static class VectorOutput
{
    const int NpyHeaderBytes = 128;

    /// <summary>Bytes of a .npy file before the header's text: magic, version and length of the text.</summary>
    const int NpyPrefixBytes = 10;

    /// <param name="target">A file whose extension selects the format, or - for standard output.</param>
    /// <param name="dimension">Elements of a vector.</param>
    /// <param name="chunks">The vectors, in chunks of whole rows.</param>
    public static void Write(string target, int dimension, IEnumerable<float[]> chunks)
    {
        if (target == "-")
        {
            using Stream output = Console.OpenStandardOutput();
            WriteJson(output, dimension, chunks);
            return;
        }
        bool npy = Path.GetExtension(target) == ".npy";
        AtomicFile.Write(target, stream =>
        {
            if (npy) WriteNpy(stream, dimension, chunks);
            else WriteJson(stream, dimension, chunks);
        });
    }

    /// <summary>Writes the shortest digits that give the same fp32 back.</summary>
    static void WriteJson(Stream stream, int dimension, IEnumerable<float[]> chunks)
    {
        StringBuilder line = new();
        foreach (float[] chunk in chunks)
            for (int row = 0; row < chunk.Length; row += dimension)
            {
                line.Clear().Append('[');
                for (int i = 0; i < dimension; i++)
                {
                    if (i > 0) line.Append(',');
                    line.Append(CultureInfo.InvariantCulture, $"{chunk[row + i]}");
                }
                stream.Write(Encoding.UTF8.GetBytes(line.Append("]\n").ToString()));
            }
        stream.Flush();
    }

    /// <summary>Writes the rows after room for the header, which states their number, then the header.</summary>
    static void WriteNpy(Stream stream, int dimension, IEnumerable<float[]> chunks)
    {
        stream.Write(new byte[NpyHeaderBytes]);
        long rows = 0;
        foreach (float[] chunk in chunks)
        {
            stream.Write(MemoryMarshal.AsBytes<float>(chunk));
            rows += chunk.Length / dimension;
        }
        stream.Position = 0;
        string shape = string.Create(CultureInfo.InvariantCulture, $"({rows}, {dimension})");
        string header = $"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}";
        stream.Write([0x93, .. "NUMPY"u8, 1, 0, NpyHeaderBytes - NpyPrefixBytes, 0]);
        stream.Write(Encoding.ASCII.GetBytes(header.PadRight(NpyHeaderBytes - NpyPrefixBytes - 1) + "\n"));
    }
}
