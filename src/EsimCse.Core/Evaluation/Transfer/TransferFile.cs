using System.Text;
using EsimCse.Core.Files;

namespace EsimCse.Core.Evaluation.Transfer;

/// <summary>
/// Reads the files of transfer tasks. Blank lines are no examples, and white space at the ends of a sentence is
/// dropped, as SentEval does it.
/// </summary>
/// <remarks>
/// A file that is not UTF-8 throughout is read as Latin-1: the original files of MR, CR, SUBJ, MPQA and TREC are
/// Latin-1, and those that SentEval's script prepares are a mixture, all of which SentEval reads as Latin-1.
/// </remarks>
static class TransferFile
{
    static readonly string[] QuestionTypes = ["ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"];

    static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a sentence a line, all of one class.</summary>
    public static LabeledText[] ReadSentences(string path, string label) =>
        [.. ReadLines(path).Select(line => new LabeledText(path, line.Number, label, line.Text.Trim()))];

    /// <summary>Reads lines of a sentence, a tab and the class, 0 or 1.</summary>
    public static LabeledText[] ReadSentiment(string path)
    {
        return [.. ReadLines(path).Select(Parse)];

        LabeledText Parse(Line line)
        {
            string[] fields = line.Text.Split('\t');
            if (fields.Length != 2) throw Wrong(path, line, $"{fields.Length} fields", "2: a sentence and its class");
            return new LabeledText(path, line.Number, BinaryLabel(path, line, fields[1]), fields[0].Trim());
        }
    }

    /// <summary>Reads lines of a question's type, a colon, its finer type, a space and the question.</summary>
    public static LabeledText[] ReadQuestions(string path)
    {
        return [.. ReadLines(path).Select(Parse)];

        LabeledText Parse(Line line)
        {
            int colon = line.Text.IndexOf(':', StringComparison.Ordinal);
            int space = line.Text.IndexOf(' ', StringComparison.Ordinal);
            if (colon < 0 || space < colon) throw Wrong(path, line, line.Text, "TYPE:subtype question");
            string type = line.Text[..colon];
            if (!QuestionTypes.Contains(type))
                throw Wrong(path, line, $"type '{type}'", string.Join(", ", QuestionTypes));
            return new LabeledText(path, line.Number, type, line.Text[space..].Trim());
        }
    }

    /// <summary>Reads, after a header, lines of a class, two identifiers and two sentences with tabs between.</summary>
    public static LabeledText[] ReadParaphrases(string path)
    {
        return [.. ReadLines(path).Skip(1).Select(Parse)];

        LabeledText Parse(Line line)
        {
            string[] fields = line.Text.Split('\t');
            if (fields.Length != 5) throw Wrong(path, line, $"{fields.Length} fields", "5");
            string label = BinaryLabel(path, line, fields[0]);
            return new LabeledText(path, line.Number, label, fields[3].Trim(), fields[4].Trim());
        }
    }

    static string BinaryLabel(string path, Line line, string field)
    {
        string label = field.Trim();
        return label is "0" or "1" ? label : throw Wrong(path, line, $"class '{label}'", "0 or 1");
    }

    /// <summary>Reads the lines that are not blank. Lines end at LF or CRLF.</summary>
    static IEnumerable<Line> ReadLines(string path) =>
        from line in ReadText(path).Split('\n').Index()
        where !string.IsNullOrWhiteSpace(line.Item)
        select new Line(line.Index + 1, line.Item.TrimEnd('\r'));

    static string ReadText(string path)
    {
        InputFile.Require(path);
        try
        {
            byte[] bytes = File.ReadAllBytes(path);
            ReadOnlySpan<byte> mark = InputFile.ByteOrderMark;
            return Decode(bytes.AsSpan().StartsWith(mark) ? bytes.AsSpan(mark.Length) : bytes);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path}: cannot be read: {error.Message}", error);
        }
    }

    static string Decode(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return Encoding.Latin1.GetString(bytes);
        }
    }

    static InvalidInputException Wrong(string path, Line line, string found, string expected) =>
        new($"{path}, line {line.Number}: found {found}, expected {expected}");

    readonly record struct Line(int Number, string Text);
}
