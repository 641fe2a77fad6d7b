using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using EsimCse.Formats.Parts;

namespace EsimCse.Formats;

/// <summary>Writes .safetensors with one tensor, embeddings, of rows × columns.</summary>
sealed class SafetensorsVectorWriter : IVectorWriter
{
    /// <summary>Bytes before the data, which suit memory mapping; the longest header takes less.</summary>
    const int HeaderBytes = 192;

    const int LengthBytes = 8;

    /// <summary>Writes the rows after room for the header, which states their number, then the header.</summary>
    public void Write(Stream stream, VectorRows rows)
    {
        stream.Write(new byte[HeaderBytes]);
        long count = rows.Stored.WriteTo(stream);
        long bytes = stream.Position - HeaderBytes;
        stream.Position = 0;
        stream.Write(CreateHeader(rows.Stored.SafetensorsType, count, rows.Stored.Columns, bytes));
        stream.Flush();
    }

    /// <inheritdoc/>
    public void Join(Stream stream, PartFiles parts) => Write(stream, parts.AfterHeaders(HeaderBytes));

    static byte[] CreateHeader(string type, long rows, int columns, long bytes)
    {
        string entry = string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"dtype":"{{type}}","shape":[{{rows}},{{columns}}],"data_offsets":[0,{{bytes}}]}""");
        string text = $$"""{"embeddings":{{entry}}}""".PadRight(HeaderBytes - LengthBytes);
        byte[] header = new byte[HeaderBytes];
        BinaryPrimitives.WriteInt64LittleEndian(header, HeaderBytes - LengthBytes);
        Encoding.ASCII.GetBytes(text, header.AsSpan(LengthBytes));
        return header;
    }
}
