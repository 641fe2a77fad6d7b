using System.Text.Json;

namespace EsimCse.Core.Text;

/// <summary>
/// Reads sentences: the lines of .txt files, a column of .csv and .tsv files, a property of the objects of .jsonl
/// files, each also compressed as .gz or .br. Text is UTF-8; lines end at LF or CRLF only.
/// </summary>
static class SentenceFile
{
    static readonly string[] DefaultColumns = ["text", "sentence"];

    /// <summary>Reads the sentences of a file, whose extension selects the format.</summary>
    /// <exception cref="InvalidInputException">The file is missing or not valid; the message names the
    /// line.</exception>
    public static IEnumerable<string> Read(string path, string? column = null)
    {
        IEnumerable<string> lines = ReadLines(path);
        return Format(path) switch
        {
            ".csv" => DelimitedText.ReadColumn(lines, ',', path, column, DefaultColumns),
            ".tsv" => DelimitedText.ReadColumn(lines, '\t', path, column, DefaultColumns),
            ".jsonl" => lines.Select((line, index) => ReadJsonSentence(line, path, index + 1, column)),
            _ => lines,
        };
    }

    /// <summary>Reads the lines of a stream as sentences.</summary>
    /// <exception cref="InvalidInputException">The text is not UTF-8; the message names the line.</exception>
    public static IEnumerable<string> Read(Stream stream, string name) => ReadLines(stream.Read, name);

    /// <summary>Reads the lines of a file, decompressed by its extension.</summary>
    /// <exception cref="InvalidInputException">The file is missing or not UTF-8; the message names the
    /// line.</exception>
    public static IEnumerable<string> ReadLines(string path)
    {
        if (!File.Exists(path)) throw new InvalidInputException($"{path}: no such file");
        return ReadOpened();

        IEnumerable<string> ReadOpened()
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
            using Decompression content = new(file, Extension(path));
            foreach (string line in ReadLines(content.Read, path)) yield return line;
        }
    }

    static string Format(string path)
    {
        bool compressed = Extension(path) is ".gz" or ".br";
        return Extension(compressed ? Path.GetFileNameWithoutExtension(path) : path);
    }

    static string Extension(string path) => Path.GetExtension(path).ToLowerInvariant();

    static string ReadJsonSentence(string line, string name, int number, string? column)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            JsonElement value = json.RootElement;
            if (value.ValueKind == JsonValueKind.Object) value = FindProperty(value, column);
            if (value.ValueKind != JsonValueKind.String) throw NoSentence(name, number, value.ValueKind, column);
            return value.GetString()!;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new InvalidInputException($"{name}, line {number}: not valid JSON: {error.Message}", error);
        }
    }

    static JsonElement FindProperty(JsonElement row, string? column)
    {
        foreach (string name in column is null ? DefaultColumns : [column])
            if (row.TryGetProperty(name, out JsonElement found)) return found;
        if (column is not null) return default;
        return row.EnumerateObject().Select(property => property.Value).FirstOrDefault();
    }

    static InvalidInputException NoSentence(string name, int number, JsonValueKind kind, string? column)
    {
        string found = kind == JsonValueKind.Undefined ? "nothing" : kind.ToString();
        string property = column is null ? "" : $" as '{column}'";
        return new($"{name}, line {number}: found {found}, expected a string or an object with one{property}");
    }

    static IEnumerable<string> ReadLines(ReadBytes source, string name)
    {
        Utf8LineReader reader = new(source, name);
        while (reader.ReadLine() is { } line) yield return line;
    }
}
