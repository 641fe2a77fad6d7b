using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using EsimCse.Core.Files;

namespace EsimCse.Cli;

/// <summary>Vectors as .npy, as a JSON array a line, or the latter on standard output.</summary>
static class VectorOutput
{
    const int NpyHeaderBytes = 128;

    public static void Write(string target, int dimension, IEnumerable<float[]> chunks)
    {
        if (target == "-")
        {
            using Stream output = Console.OpenStandardOutput();
            WriteJson(output, dimension, chunks);
        }
        else AtomicFile.Write(target, stream =>
        {
            if (Path.GetExtension(target) == ".npy") WriteNpy(stream, dimension, chunks);
            else WriteJson(stream, dimension, chunks);
        });
    }

    /// <summary>The shortest digits that give the same fp32 back.</summary>
    static void WriteJson(Stream stream, int dimension, IEnumerable<float[]> chunks)
    {
        StringBuilder line = new();
        foreach (float[] chunk in chunks)
            for (int row = 0; row < chunk.Length; row += dimension)
            {
                line.Clear().Append('[');
                for (int i = 0; i < dimension; i++) line.Append(i == 0 ? "" : ",").Append(CultureInfo.InvariantCulture, $"{chunk[row + i]}");
                stream.Write(Encoding.UTF8.GetBytes(line.Append("]\n").ToString()));
            }
        stream.Flush();
    }

    /// <summary>The header states the number of rows, which is known in the end: it is written twice.</summary>
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
        string text = $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows.ToString(CultureInfo.InvariantCulture)}, {dimension.ToString(CultureInfo.InvariantCulture)}), }}";
        stream.Write([0x93, .. "NUMPY"u8, 1, 0, NpyHeaderBytes - 10, 0]);
        stream.Write(Encoding.ASCII.GetBytes(text.PadRight(NpyHeaderBytes - 11) + "\n"));
    }
}
