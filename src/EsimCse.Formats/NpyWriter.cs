using EsimCse.Core.Files;
using EsimCse.Formats.Parts;

namespace EsimCse.Formats;

/// <summary>Writes .npy: little-endian, in C order, rows × columns.</summary>
sealed class NpyWriter : IVectorWriter
{
    /// <summary>Writes the rows after room for the header, which states their number, then the header.</summary>
    public void Write(Stream stream, VectorRows rows)
    {
        stream.Write(new byte[NpyHeader.Bytes]);
        long count = rows.Stored.WriteTo(stream);
        stream.Position = 0;
        stream.Write(NpyHeader.Create(rows.Stored.NpyType, count, rows.Stored.Columns));
        stream.Flush();
    }

    /// <inheritdoc/>
    public void Join(Stream stream, PartFiles parts) => Write(stream, parts.AfterHeaders(NpyHeader.Bytes));
}
