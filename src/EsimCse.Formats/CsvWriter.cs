using System.Globalization;
using System.Text;
using EsimCse.Core.Text;
using EsimCse.Formats.Parts;
using nietras.SeparatedValues;

namespace EsimCse.Formats;

/// <summary>
/// Writes .csv: a header row e0,e1,… and one row a vector, with the shortest digits that give the same fp32 back.
/// Columns that are carried along come first; JSON's null is an empty field. Lines end at LF.
/// </summary>
sealed class CsvWriter : IVectorWriter
{
    const int BufferSize = 1 << 16;

    /// <inheritdoc/>
    public void Write(Stream stream, VectorRows rows)
    {
        string[] columns = [.. Enumerable.Range(0, rows.Dimension).Select(Name)];
        rows.Kept.RequireOtherThan(columns);
        using StreamWriter text = new(stream, new UTF8Encoding(false), BufferSize, leaveOpen: true) { NewLine = "\n" };
        using SepWriter writer = CreateWriter(text);
        writer.Header.Add([.. rows.Kept.Names, .. columns]);
        writer.Header.Write();
        foreach (float[] chunk in rows.Chunks())
            for (int row = 0; row < chunk.Length; row += rows.Dimension)
                WriteRow(writer, rows.Kept.Next(), chunk.AsSpan(row, rows.Dimension));
    }

    /// <inheritdoc/>
    public void Join(Stream stream, PartFiles parts)
    {
        int headerBytes = 0;
        foreach (string path in parts.Paths)
        {
            using FileStream part = File.OpenRead(path);
            part.Position = headerBytes;
            part.CopyTo(stream);
            if (headerBytes == 0) headerBytes = CountHeaderBytes(path);
        }
        stream.Flush();
    }

    /// <summary>Returns the length of a file's header row, whose names may hold quoted line ends.</summary>
    static int CountHeaderBytes(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferSize);
        bool isQuoted = false;
        for (int count = 1; ; count++)
        {
            int next = file.ReadByte();
            if (next == '"') isQuoted = !isQuoted;
            if (next < 0 || (next == '\n' && !isQuoted)) return count;
        }
    }

    static SepWriter CreateWriter(TextWriter text)
    {
        SepWriterOptions options = new(new Sep(',')) { CultureInfo = CultureInfo.InvariantCulture, Escape = true };
        return options.To(text, leaveOpen: true);
    }

    static void WriteRow(SepWriter writer, IReadOnlyList<KeptValue> kept, ReadOnlySpan<float> vector)
    {
        using SepWriter.Row row = writer.NewRow();
        for (int i = 0; i < kept.Count; i++) row[i].Set(kept[i].IsNull ? "" : kept[i].Text);
        for (int i = 0; i < vector.Length; i++) row[kept.Count + i].Format(vector[i]);
    }

    static string Name(int column) => string.Create(CultureInfo.InvariantCulture, $"e{column}");
}
