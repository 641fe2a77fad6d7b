using System.Text;
using System.Text.Json;

namespace EsimCse.Core.Text;

/// <summary>
/// Sentences from text: a sentence a line in .txt, a column of .csv or .tsv or of the objects of .jsonl, each also as .gz or .br. UTF-8, lines end at LF or CRLF alone.
/// </summary>
public static class SentenceFile
{
    static readonly string[] DefaultColumns = ["text", "sentence"];

    static ReadOnlySpan<byte> ByteOrderMark => "\uFEFF"u8;

    /// <summary>The sentences of a file; its name's ending says its format.</summary>
    /// <exception cref="InvalidInputException">The file is missing or not what its ending says; the message names the line.</exception>
    public static IEnumerable<string> Read(string path, string? column = null) => Read(ReadLines(path), path, Format(path), column);

    /// <summary>The sentences of a stream of lines.</summary>
    /// <exception cref="InvalidInputException">The text is not UTF-8; the message names the line.</exception>
    public static IEnumerable<string> Read(Stream stream, string name) => Lines(stream.Read, name);

    /// <summary>The lines of a file, decompressed if its ending says so.</summary>
    /// <exception cref="InvalidInputException">The file is missing or not UTF-8; the message names the line.</exception>
    public static IEnumerable<string> ReadLines(string path)
    {
        if (!File.Exists(path)) throw new InvalidInputException($"{path}: no such file");
        return Opened();

        IEnumerable<string> Opened()
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
            using Decompression content = new(file, Ending(path));
            foreach (string line in Lines(content.Read, path)) yield return line;
        }
    }

    static string Format(string path)
    {
        string name = Ending(path) is ".gz" or ".br" ? Path.GetFileNameWithoutExtension(path) : path;
        return Ending(name);
    }

    /// <summary>In small letters: DATA.CSV is no plain text.</summary>
    static string Ending(string path) => Path.GetExtension(path).ToLowerInvariant();

    static IEnumerable<string> Read(IEnumerable<string> lines, string name, string format, string? column) => format switch
    {
        ".csv" => DelimitedText.Column(lines, ',', name, column, DefaultColumns),
        ".tsv" => DelimitedText.Column(lines, '\t', name, column, DefaultColumns),
        ".jsonl" => lines.Select((line, index) => JsonSentence(line, name, index + 1, column)),
        _ => lines,
    };

    static string JsonSentence(string line, string name, int number, string? column)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            JsonElement value = json.RootElement;
            if (value.ValueKind == JsonValueKind.Object) value = Property(value);
            return value.ValueKind == JsonValueKind.String ? value.GetString()!
                : throw new InvalidInputException($"{name}, line {number}: found {(value.ValueKind == JsonValueKind.Undefined ? "nothing" : value.ValueKind)}, expected a string or an object with one{(column is null ? "" : $" as '{column}'")}");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new InvalidInputException($"{name}, line {number}: not valid JSON: {error.Message}", error);
        }

        JsonElement Property(JsonElement row)
        {
            foreach (string wanted in column is null ? DefaultColumns : [column])
                if (row.TryGetProperty(wanted, out JsonElement found)) return found;
            return column is null ? row.EnumerateObject().Select(property => property.Value).FirstOrDefault() : default;
        }
    }

    static IEnumerable<string> Lines(ReadBytes source, string name)
    {
        UTF8Encoding strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
        byte[] buffer = new byte[1 << 16];
        (int start, int end, int number) = (0, 0, 0);
        while (true)
        {
            int length = Array.IndexOf(buffer, (byte)'\n', start, end - start) - start;
            if (length >= 0)
            {
                yield return Decode(start, length);
                start += length + 1;
                continue;
            }
            if (start > 0) Buffer.BlockCopy(buffer, start, buffer, 0, end - start);
            (start, end) = (0, end - start);
            if (end == buffer.Length) Array.Resize(ref buffer, 2 * buffer.Length);
            int read = Fill();
            if (read == 0) break;
            end += read;
        }
        if (end > 0 && !(number == 0 && buffer.AsSpan(0, end).SequenceEqual(ByteOrderMark))) yield return Decode(0, end);

        int Fill()
        {
            try
            {
                return source(buffer, end, buffer.Length - end);
            }
            catch (Exception error) when (error is InvalidDataException or InvalidOperationException)
            {
                throw new InvalidInputException($"{name}, after line {number}: cannot be decompressed: {error.Message}", error);
            }
        }

        string Decode(int first, int length)
        {
            ReadOnlySpan<byte> bytes = buffer.AsSpan(first, length);
            if (number++ == 0 && bytes.StartsWith(ByteOrderMark)) bytes = bytes[3..];
            if (bytes.EndsWith("\r"u8)) bytes = bytes[..^1];
            try
            {
                return strict.GetString(bytes);
            }
            catch (DecoderFallbackException error)
            {
                throw new InvalidInputException($"{name}, line {number}: not valid UTF-8", error);
            }
        }
    }
}
