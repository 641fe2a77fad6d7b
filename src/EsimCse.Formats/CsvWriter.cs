using System.Globalization;
using System.Text;
using nietras.SeparatedValues;

namespace EsimCse.Formats;

/// <summary>
/// Writes .csv: a header row e0,e1,… and one row a vector, with the shortest digits that give the same fp32 back.
/// Lines end at LF.
/// </summary>
sealed class CsvWriter : IVectorWriter
{
    const int BufferSize = 1 << 16;

    /// <inheritdoc/>
    public void Write(Stream stream, VectorRows rows)
    {
        using StreamWriter text = new(stream, new UTF8Encoding(false), BufferSize, leaveOpen: true) { NewLine = "\n" };
        using SepWriter writer = CreateWriter(text);
        string[] columns = [.. Enumerable.Range(0, rows.Dimension).Select(Name)];
        writer.Header.Add(columns);
        writer.Header.Write();
        foreach (float[] chunk in rows.Chunks())
            for (int row = 0; row < chunk.Length; row += rows.Dimension)
                WriteRow(writer, chunk.AsSpan(row, rows.Dimension));
    }

    static SepWriter CreateWriter(TextWriter text)
    {
        SepWriterOptions options = new(new Sep(',')) { CultureInfo = CultureInfo.InvariantCulture, Escape = true };
        return options.To(text, leaveOpen: true);
    }

    static void WriteRow(SepWriter writer, ReadOnlySpan<float> vector)
    {
        using SepWriter.Row row = writer.NewRow();
        for (int i = 0; i < vector.Length; i++) row[i].Format(vector[i]);
    }

    static string Name(int column) => string.Create(CultureInfo.InvariantCulture, $"e{column}");
}
