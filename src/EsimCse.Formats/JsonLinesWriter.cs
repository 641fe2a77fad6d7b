using System.Globalization;
using System.Text;

namespace EsimCse.Formats;

/// <summary>Writes .jsonl: one JSON array a line, with the shortest digits that give the same fp32 back.</summary>
sealed class JsonLinesWriter : IVectorWriter
{
    /// <summary>Writes each line in one piece as soon as its vector is known.</summary>
    public void Write(Stream stream, VectorRows rows)
    {
        StringBuilder line = new();
        foreach (float[] chunk in rows.Chunks())
            for (int row = 0; row < chunk.Length; row += rows.Dimension)
            {
                line.Clear();
                AppendArray(line, chunk.AsSpan(row, rows.Dimension));
                stream.Write(Encoding.UTF8.GetBytes(line.Append('\n').ToString()));
            }
        stream.Flush();
    }

    static void AppendArray(StringBuilder line, ReadOnlySpan<float> vector)
    {
        char before = '[';
        foreach (float value in vector)
        {
            line.Append(before).Append(CultureInfo.InvariantCulture, $"{value}");
            before = ',';
        }
        line.Append(']');
    }
}
