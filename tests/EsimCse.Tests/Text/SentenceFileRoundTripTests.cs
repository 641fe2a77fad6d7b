using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using EsimCse.Core;
using EsimCse.Core.Text;
using FsCheck;
using FsCheck.Fluent;

namespace EsimCse.Tests.Text;

/// <summary>Rows that are written in any format are read again; random text is read as by a plain reader.</summary>
public class SentenceFileRoundTripTests
{
    const int Cases = 10_000;

    static readonly string[] Characters =
    [
        "a", "b", " ", ",", "\t", "\"", "\"\"", "\n", "\r", "\r\n", "\\", "[", "]", "{", "}", "é", "漢", "𝄞",
        "\u0085", "\u00A0", "\u2028", "\uFEFF", "\0",
    ];

    static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    static readonly Gen<string> Sentence = Gen.Elements(Characters).ListOf().Select(string.Concat);

    static readonly Arbitrary<(List<string> Rows, bool Quotes, bool Windows)> Files = Arb.From(
        from rows in Sentence.ListOf()
        from quotes in Gen.Elements(true, false)
        from windows in Gen.Elements(true, false)
        select (rows.ToList(), quotes, windows));

    static readonly Arbitrary<string> CsvText =
        Arb.From(Gen.Elements("a", ",", "\"", "\n", "\r", "\r\n", "\"\n", ",\"", "\",").ListOf().Select(string.Concat));

    static void Check<T>(Arbitrary<T> values, Action<T> holds) =>
        Prop.ForAll(values, holds).Check(Config.QuickThrowOnFailure.WithMaxTest(Cases));

    static string LineEnd(bool windows) => windows ? "\r\n" : "\n";

    static List<string> Read(string text, string name)
    {
        MemoryStream stream = new(Encoding.UTF8.GetBytes(text));
        return [.. SentenceFile.Read(stream.Read, name).Select(row => row.Text)];
    }

    [Fact]
    public void Rows_written_as_csv_are_read_again() => Check(Files, file =>
    {
        IEnumerable<string> lines = file.Rows.Select((row, i) => $"{i},{QuoteField(row)}");
        Assert.Equal(file.Rows, Read(Join(["id,text", .. lines]), "a.csv"));
        IEnumerable<string> single = file.Rows.Select(QuoteField);
        Assert.Equal(file.Rows, Read(Join(["only", .. single]), "a.csv"));

        string Join(IEnumerable<string> rows) => string.Concat(rows.Select(row => row + LineEnd(file.Windows)));

        string QuoteField(string text)
        {
            bool plain = !file.Quotes && text.Length > 0 && text.IndexOfAny([',', '"', '\n', '\r']) < 0;
            return plain ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
        }
    });

    [Fact]
    public void Rows_written_as_tsv_are_read_again() => Check(Files, file =>
    {
        // A field of tab-separated text holds neither tabs nor line ends.
        string[] rows = [.. file.Rows.Select(row => row.Replace('\t', ' ').Replace('\n', ' '))];
        string end = LineEnd(file.Windows);
        Assert.Equal(rows, Read("text\tn" + end + string.Concat(rows.Select(row => $"{row}\t1{end}")), "a.tsv"));
    });

    [Fact]
    public void Rows_written_as_json_are_read_again() => Check(Files, file =>
    {
        JsonSerializerOptions? options = file.Quotes ? Plain : null;
        string[] values = [.. file.Rows.Select((row, i) => JsonSerializer.Serialize(Value(row, i), options))];
        string end = LineEnd(file.Windows);
        Assert.Equal(file.Rows, Read(string.Concat(values.Select(value => value + end)), "a.jsonl"));
        Assert.Equal(file.Rows, Read($"[{string.Join("," + end, values)}]", "a.json"));

        object Value(string row, int i) => i % 2 == 0 ? row : new { id = i, text = row, more = new[] { row } };
    });

    [Fact]
    public void Random_csv_is_read_as_by_a_plain_reader() => Check(CsvText, text =>
    {
        string file = "a,b,c\n" + text;
        (List<string> expected, long errorLine) = PlainCsv.Read(file);
        List<string> rows = [];
        string error = "a.csv, line 0: none";
        try
        {
            MemoryStream stream = new(Encoding.UTF8.GetBytes(file));
            CsvReader csv = new(new Utf8LineReader(stream.Read, "a.csv"), "a.csv");
            foreach ((long line, List<string> fields) in csv.ReadRows())
                rows.Add($"{line}: {string.Join('|', fields)}");
        }
        catch (InvalidInputException found)
        {
            error = found.Message;
        }
        Assert.Equal(expected, rows);
        Assert.StartsWith($"a.csv, line {errorLine}: ", error, StringComparison.Ordinal);
    });

    /// <summary>RFC 4180 character by character over the whole text.</summary>
    static class PlainCsv
    {
        /// <summary>Returns the rows, and the line of the error or 0.</summary>
        public static (List<string> Rows, long ErrorLine) Read(string text)
        {
            List<string> rows = [];
            long line = 1;
            for (int i = 0; i < text.Length;)
            {
                long first = line;
                List<string> fields = [];
                do
                {
                    (string field, bool valid) = ReadField(text, ref i, ref line, out long errorLine);
                    if (!valid) return (rows, errorLine);
                    fields.Add(field);
                }
                while (i < text.Length && text[i] == ',' && ++i >= 0);
                bool isBlank = fields is [""] && (i == 0 || text[i - 1] != '"');
                if (!isBlank) rows.Add($"{first}: {string.Join('|', fields)}");
                i += LineEnd(text, i);
                line++;
            }
            return (rows, 0);
        }

        static int LineEnd(string text, int i)
        {
            if (i < text.Length && text[i] == '\n') return 1;
            return i + 1 < text.Length && text[i] == '\r' && text[i + 1] == '\n' ? 2 : 0;
        }

        static bool IsEnd(string text, int i) => i == text.Length || text[i] == ',' || LineEnd(text, i) > 0;

        static (string Field, bool IsValid) ReadField(string text, ref int i, ref long line, out long errorLine)
        {
            StringBuilder field = new();
            errorLine = line;
            if (i == text.Length || text[i] != '"')
            {
                while (!IsEnd(text, i)) field.Append(text[i++]);
                return (field.ToString(), true);
            }
            for (i++; i < text.Length; i++)
            {
                if (text[i] == '\n') line++;
                if (text[i] != '"') field.Append(text[i]);
                else if (i + 1 < text.Length && text[i + 1] == '"') field.Append(text[i++]);
                else
                {
                    i++;
                    errorLine = line;
                    return (field.ToString(), IsEnd(text, i));
                }
            }
            return ("", false);
        }
    }
}
