using System.Globalization;
using System.Text;
using EsimCse.Core.Text;
using EsimCse.Formats.Parts;

namespace EsimCse.Formats;

/// <summary>
/// Writes .jsonl: one JSON array a line, with the shortest digits that give the same fp32 back; with columns that are
/// carried along one object, in which the array is the last property, embedding.
/// </summary>
sealed class JsonLinesWriter : IVectorWriter
{
    /// <summary>Writes each line in one piece as soon as its vector is known.</summary>
    public void Write(Stream stream, VectorRows rows)
    {
        const string vectors = "embedding";
        rows.Kept.RequireOtherThan(vectors);
        string[] keys = [.. rows.Kept.Names.Append(vectors).Select(name => new KeptValue(name).ToJson() + ":")];
        StringBuilder line = new();
        foreach (float[] chunk in rows.Chunks())
            for (int row = 0; row < chunk.Length; row += rows.Dimension)
            {
                line.Clear();
                AppendKept(line, keys, rows.Kept.Next());
                AppendArray(line, chunk.AsSpan(row, rows.Dimension));
                if (keys.Length > 1) line.Append('}');
                stream.Write(Encoding.UTF8.GetBytes(line.Append('\n').ToString()));
            }
        stream.Flush();
    }

    /// <inheritdoc/>
    public void Join(Stream stream, PartFiles parts)
    {
        foreach (string path in parts.Paths)
        {
            using FileStream part = File.OpenRead(path);
            part.CopyTo(stream);
        }
        stream.Flush();
    }

    /// <summary>Appends an object up to the value of its last key; nothing where that is the only one.</summary>
    static void AppendKept(StringBuilder line, string[] keys, IReadOnlyList<KeptValue> values)
    {
        if (keys.Length == 1) return;
        line.Append('{');
        foreach ((int index, KeptValue value) in values.Index())
            line.Append(keys[index]).Append(value.ToJson()).Append(',');
        line.Append(keys[^1]);
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
