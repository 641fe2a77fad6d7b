using EsimCse.Core.Files;

namespace EsimCse.Core.Text;

/// <summary>
/// Reads sentences: the lines of .txt files, a column of .csv and .tsv files, the strings or a column of the objects
/// of .jsonl, .ndjson and .json files, each also compressed as .gz, .br or .zst. Text is UTF-8; lines end at LF or CRLF
/// only.
/// </summary>
static class SentenceFile
{
    /// <summary>Name of standard input in messages.</summary>
    public const string StandardInput = "standard input";

    static readonly string[] Compressions = [".gz", ".br", ".zst"];

    /// <summary>The extensions of the formats, each of which another one of a compression may follow.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".txt", ".csv", ".tsv", ".jsonl", ".ndjson", ".json"];

    /// <summary>Reads the sentences of a file, whose extension selects the format.</summary>
    /// <param name="path">The file.</param>
    /// <param name="column">The column's name; null for the default.</param>
    /// <param name="remark">Receives a line about the file where it may differ from what its author meant.</param>
    /// <param name="keep">The names of columns that are carried along; null for none.</param>
    /// <exception cref="InvalidInputException">The file is missing or not valid; the message names the
    /// line.</exception>
    /// <exception cref="UsageException">There are several columns to choose from.</exception>
    public static IEnumerable<SentenceRow> Read(
        string path,
        string? column = null,
        Action<string>? remark = null,
        IReadOnlyList<string>? keep = null)
    {
        InputFile.Require(path);
        return ReadOpened();

        IEnumerable<SentenceRow> ReadOpened()
        {
            using FileStream file = Open(path);
            using Decompression content = new(file, Extension(path));
            bool hasOffset = file.CanSeek;
            foreach (SentenceRow row in Read(content.Read, path, column, remark, keep))
                yield return hasOffset ? row with { Offset = file.Position } : row;
        }
    }

    /// <summary>Reads the sentences of bytes that are not compressed, in the format of a file's name.</summary>
    /// <inheritdoc cref="Read(string, string?, Action{string}?, IReadOnlyList{string}?)"/>
    public static IEnumerable<SentenceRow> Read(
        ReadBytes source,
        string name,
        string? column = null,
        Action<string>? remark = null,
        IReadOnlyList<string>? keep = null)
    {
        if (Format(name) == ".json") return ReadArray(new(source, name), new(name, column, keep));
        Utf8LineReader lines = new(source, name);
        return Format(name) switch
        {
            ".csv" => ReadCsv(lines, name, column, remark, keep),
            ".tsv" => ReadTsv(lines, name, column, remark, keep),
            ".jsonl" or ".ndjson" => ReadJsonLines(lines, new(name, column, keep)),
            _ => ReadText(lines, name, remark),
        };
    }

    /// <summary>Reads the lines of a stream as sentences.</summary>
    /// <exception cref="InvalidInputException">The text is not UTF-8; the message names the line.</exception>
    public static IEnumerable<SentenceRow> Read(Stream stream, string name, Action<string>? remark = null) =>
        ReadText(new Utf8LineReader(stream.Read, name), name, remark);

    /// <summary>Reads the lines of a file, decompressed by its extension.</summary>
    /// <exception cref="InvalidInputException">The file is missing or not UTF-8; the message names the
    /// line.</exception>
    public static IEnumerable<string> ReadLines(string path)
    {
        InputFile.Require(path);
        return ReadOpened();

        IEnumerable<string> ReadOpened()
        {
            using FileStream file = Open(path);
            using Decompression content = new(file, Extension(path));
            foreach (SentenceRow row in ReadText(new(content.Read, path), path, remark: null)) yield return row.Text;
        }
    }

    /// <summary>Returns whether a file is of a format that is read, by its name.</summary>
    public static bool IsRead(string path) => Extensions.Contains(Format(path));

    /// <summary>Returns whether a file is of a format with columns, by its name.</summary>
    public static bool HasColumns(string path) => Format(path) is ".csv" or ".tsv" or ".jsonl" or ".ndjson" or ".json";

    /// <summary>Opens a file.</summary>
    /// <exception cref="InvalidInputException">It cannot be read.</exception>
    public static FileStream Open(string path)
    {
        try
        {
            return new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path}: cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Returns the extension of a file, in lower case, without that of a compression.</summary>
    public static string Format(string path)
    {
        bool compressed = Compressions.Contains(Extension(path));
        return Extension(compressed ? Path.GetFileNameWithoutExtension(path) : path);
    }

    static IEnumerable<SentenceRow> ReadText(Utf8LineReader lines, string name, Action<string>? remark)
    {
        while (lines.ReadLine() is { } line) yield return new(line, new(name, lines.Number));
        ReportReturns(lines.LoneReturns, name, remark);
    }

    static IEnumerable<SentenceRow> ReadCsv(
        Utf8LineReader lines, string name, string? column, Action<string>? remark, IReadOnlyList<string>? keep)
    {
        CsvReader csv = new(lines, name);
        foreach (SentenceRow row in DelimitedText.ReadColumn(csv.ReadRows(), name, column, keep)) yield return row;
        ReportReturns(csv.LoneReturns, name, remark);
    }

    static IEnumerable<SentenceRow> ReadTsv(
        Utf8LineReader lines, string name, string? column, Action<string>? remark, IReadOnlyList<string>? keep)
    {
        var rows = DelimitedText.SplitAtTabs(lines);
        foreach (SentenceRow row in DelimitedText.ReadColumn(rows, name, column, keep)) yield return row;
        ReportReturns(lines.LoneReturns, name, remark);
    }

    static IEnumerable<SentenceRow> ReadJsonLines(Utf8LineReader lines, JsonSentences sentences)
    {
        while (lines.ReadLine() is { } line)
            if (!string.IsNullOrWhiteSpace(line)) yield return sentences.Read(line, lines.Number);
    }

    static IEnumerable<SentenceRow> ReadArray(JsonArrayReader array, JsonSentences sentences)
    {
        foreach ((string json, long line) in array.ReadElements()) yield return sentences.Read(json, line);
    }

    static void ReportReturns(long count, string name, Action<string>? remark)
    {
        if (count == 0) return;
        string returns = count == 1 ? "1 carriage return (CR)" : $"{count} carriage returns (CR)";
        remark?.Invoke($"{name}: {returns} inside lines: only LF and CRLF end a line");
    }

    static string Extension(string path) => Path.GetExtension(path).ToLowerInvariant();
}
