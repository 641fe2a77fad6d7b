using System.Text;
using System.Text.Json;
using EsimCse.Core.Text;
using FsCheck;
using FsCheck.Fluent;

namespace EsimCse.Tests.Text;

/// <summary>Random rows that are written in each format and read again.</summary>
public sealed class SentenceFilePropertyTests : IDisposable
{
    const int Cases = 10_000;

    static readonly string[] Fragments =
    [
        "a", "é漢𝄞", "\"", "\"\"", ",", "\t", "\n", "\r\n", "\r", " ", "'", "\\", "]", "}", "{\"text\":1}", "\u2028",
    ];

    static readonly Gen<string> Text = Gen.ListOf(Gen.Elements(Fragments)).Select(string.Concat);

    static readonly Gen<string[]> Rows = Gen.ListOf(Text).Select(rows => rows.ToArray());

    readonly string _folder = Directory.CreateTempSubdirectory("esimcse-rows-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Rows_are_read_as_they_were_written() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(Cases),
        Prop.ForAll(Rows.ToArbitrary(), rows =>
        {
            AssertRead("a.csv", Lines(["id,text", .. rows.Select(row => "1," + Quoted(row))]), rows);
            AssertRead("a.jsonl", Lines(rows.Select(Object)), rows);
            AssertRead("a.json", $"[{string.Join("\n ,", rows.Select(Object))}]", rows);
            string[] plain = [.. rows.Select(row => row.ReplaceLineEndings("").Replace("\t", "").Replace("\r", ""))];
            AssertRead("a.tsv", Lines(["id\ttext", .. plain.Select(row => "1\t" + row)]), plain);
            AssertRead("a.txt", Lines(plain), plain);
        }));

    void AssertRead(string name, string text, string[] expected)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        Assert.Equal(expected, SentenceFile.Read(path).Select(row => row.Text));
    }

    static string Lines(IEnumerable<string> lines) => string.Concat(lines.Select(line => line + "\n"));

    static string Quoted(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    static string Object(string text) => $"{{\"id\": 1, \"text\": {JsonSerializer.Serialize(text)}}}";
}
