using System.Runtime.InteropServices;

namespace EsimCse.Formats;

/// <summary>Writes .npy: little-endian, in C order, rows × dimension.</summary>
sealed class NpyWriter : IVectorWriter
{
    /// <summary>Writes the rows after room for the header, which states their number, then the header.</summary>
    public void Write(Stream stream, VectorRows rows)
    {
        stream.Write(new byte[NpyHeader.Bytes]);
        long count = 0;
        foreach (float[] chunk in rows.Chunks())
        {
            stream.Write(MemoryMarshal.AsBytes<float>(chunk));
            count += chunk.Length / rows.Dimension;
        }
        stream.Position = 0;
        stream.Write(NpyHeader.Create("<f4", count, rows.Dimension));
        stream.Flush();
    }
}
