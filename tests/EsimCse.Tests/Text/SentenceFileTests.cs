using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using EsimCse.Core;
using EsimCse.Core.Text;
using ZstdSharp;

namespace EsimCse.Tests.Text;

public sealed class SentenceFileTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("esimcse-text-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    string Write(string name, byte[] bytes)
    {
        string path = Path.Combine(_folder, name);
        using FileStream file = File.Create(path);
        using Stream stream = Path.GetExtension(name) switch
        {
            ".gz" => new GZipStream(file, CompressionLevel.Fastest),
            ".br" => new BrotliStream(file, CompressionLevel.Fastest),
            ".zst" => new CompressionStream(file),
            _ => file,
        };
        stream.Write(bytes);
        return path;
    }

    string[] Read(string name, string text, string? column = null) =>
        [.. SentenceFile.Read(Write(name, Encoding.UTF8.GetBytes(text)), column).Select(row => row.Text)];

    static string ReadError(string path, string? column = null) =>
        Assert.Throws<InvalidInputException>(() => SentenceFile.Read(path, column).Count()).Message;

    void AssertRefused(string name, byte[] bytes, params string[] named)
    {
        string path = Write(name, bytes);
        string message = ReadError(path);
        Assert.All([path, .. named], part => Assert.Contains(part, message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', message);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".gz")]
    [InlineData(".br")]
    [InlineData(".zst")]
    public void Lines_end_at_LF_and_CRLF_only(string compression)
    {
        string name = "a.txt" + compression;
        Assert.Empty(Read(name, ""));
        Assert.Empty(Read(name, "\uFEFF"));
        Assert.Equal([""], Read(name, "\n"));
        Assert.Equal(["a"], Read(name, "\uFEFFa"));
        Assert.Equal(["a", "b"], Read(name, "a\nb\n"));
        Assert.Equal(["a", "", "b", ""], Read(name, "a\r\n\r\nb\r\n\n"));
        Assert.Equal(
            ["a\u0085b\vc\fd\u2028e\u2029f\rg", "h"], Read(name, "a\u0085b\vc\fd\u2028e\u2029f\rg\nh"));
        Assert.Equal(["a", "\uFEFFb"], Read(name, "a\n\uFEFFb\n"));
    }

    [Fact]
    public void Lines_cross_the_buffers_and_may_be_megabytes_long()
    {
        IEnumerable<string> many = Enumerable.Range(0, 300)
            .Select(i => new string((char)('a' + i % 26), i * 37 % 1000) + "é漢𝄞");
        string[] lines = [.. many, new string('x', 3 << 20), "last"];
        Assert.Equal(lines, Read("a.txt", string.Join('\n', lines)));
        Assert.Equal(lines, Read("a.txt.gz", string.Join("\r\n", lines) + "\r\n"));
    }

    [Fact]
    public void Invalid_UTF8_is_named_by_its_line()
    {
        foreach (string name in new[] { "a.txt", "a.csv", "a.jsonl", "a.txt.gz" })
        {
            string first = name == "a.jsonl" ? "\"x\"\n" : "x\n";
            AssertRefused(name, [.. Encoding.UTF8.GetBytes(first), 0xC3, 0x28, (byte)'\n'], "line 2", "UTF-8");
        }
        AssertRefused("b.txt", [0xED, 0xA0, 0x80], "line 1");
        AssertRefused("b.txt", [(byte)'a', 0xE6, 0xBC], "line 1");
    }

    [Theory]
    [InlineData(".gz")]
    [InlineData(".br")]
    [InlineData(".zst")]
    public void Compressed_text_that_is_truncated_or_not_valid_is_refused(string compression)
    {
        Random random = new(3);
        byte[] letters = [.. Enumerable.Range(0, 200_000).Select(_ => (byte)random.Next('a', 'z'))];
        string path = Write("a.txt" + compression, letters);
        byte[] whole = File.ReadAllBytes(path);
        foreach (int length in new[] { 1, 9, 20, whole.Length / 2, whole.Length - 1 })
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Contains(path, ReadError(path), StringComparison.Ordinal);
        }
        if (compression != ".br")
        {
            File.WriteAllBytes(path, [.. whole, .. whole]);
            Assert.Equal(400_000, SentenceFile.Read(path).Single().Text.Length);
        }
        File.WriteAllText(path, "this is no compressed text at all, but quite plain");
        ReadError(path);
    }

    [Fact]
    public void A_csv_column_is_chosen_by_name_and_fields_may_be_quoted()
    {
        Assert.Equal(["b", "d"], Read("a.csv", "id,text\r\na,b\r\nc,d\r\n"));
        Assert.Equal(["t"], Read("a.csv", "sentence,text\ns,t\n"));
        Assert.Equal(["s"], Read("a.csv", "id,sentence\n1,s\n"));
        Assert.Equal(["s"], Read("a.csv", "id,other\n1,s\n", "other"));
        Assert.Equal(
            ["a, \"quoted\"\nfield", ""], Read("a.csv", "text,n\n\"a, \"\"quoted\"\"\nfield\",1\n,2\n"));
        Assert.Equal(["a"], Read("A.CSV", "text\na\n"));
        Assert.Equal(["a,b"], Read("a.tsv", "n\ttext\n1\ta,b\n"));
        Assert.Empty(Read("a.csv", "text\n"));
        Assert.Equal(["x\r\ny"], Read("a.csv.gz", "\uFEFFtext\r\n\"x\r\ny\"\r\n"));
    }

    [Fact]
    public void Jsonl_takes_objects_and_bare_strings()
    {
        Assert.Equal(["a"], Read("A.JsonL", "\"a\"\n"));
        Assert.Equal(
            ["a", "b", "c\n"],
            Read("a.jsonl", "{\"id\":1,\"sentence\":\"a\"}\n\"b\"\n{\"sentence\":\"c\\n\"}\n"));
        Assert.Equal(["x"], Read("a.jsonl", "{\"text\":\"a\",\"other\":\"x\"}\n", "other"));
        Assert.Equal(["x"], Read("a.jsonl", "{\"other\":\"x\",\"more\":1}\n"));
        Assert.Equal(["a", "b"], Read("a.ndjson.br", "\uFEFF\"a\"\r\n\r\n \t\r\n\"b\""));
        Assert.Empty(Read("a.jsonl", "\n \n"));
    }

    [Fact]
    public void A_json_file_is_one_array_of_objects_and_strings()
    {
        Assert.Equal(["a", "b"], Read("a.json", "[\"a\",\n{\"id\":1,\"text\":\"b\"}]\n"));
        Assert.Equal(["a"], Read("A.JSON.gz", "\uFEFF[{\"text\":\"t\",\"other\":\"a\"}]", "other"));
        Assert.Empty(Read("a.json", "[ ]"));
    }

    [Theory]
    [InlineData("a.jsonl", "\"a\"\n{\"n\":1}\n", "line 2")]
    [InlineData("a.jsonl", "\"a\"\n{\"text\"\n", "line 2")]
    [InlineData("a.ndjson", "\"a\"\n\n{\"text\":null}", "line 3")]
    [InlineData("a.json", "[\"a\",\n\n5]", "line 3")]
    [InlineData("a.json", "[\"a\",\n]", "line 2")]
    [InlineData("a.json", "[\n,\"a\"]", "line 2")]
    [InlineData("a.json", "[\"a\"\n\"b\"]", "line 2")]
    [InlineData("a.json", "[\"a\"]\n\"b\"", "line 2")]
    [InlineData("a.json", "{\"text\":\"a\"}", "line 1")]
    [InlineData("a.json", "", "line 1")]
    [InlineData("a.csv", "", "line 1")]
    [InlineData("a.tsv", "id\ttext\n1\ta\n\n2\tb\tc\n", "line 4")]
    [InlineData("a.jsonl", "{}\n", "line 1")]
    [InlineData("a.jsonl", "\"a\"\n\"\\ud800\"\n", "line 2")]
    [InlineData("a.jsonl", "{\"\\udc00\":\"x\"}\n", "line 1")]
    [InlineData("a.jsonl", "[\"a\"]\n", "line 1")]
    [InlineData("a.csv", "id,text\n1,a\n2\n", "line 3")]
    [InlineData("a.csv", "text\n\"never ends\n", "line 2")]
    public void A_row_without_the_column_is_named_by_its_line(string name, string text, string line) =>
        AssertRefused(name, Encoding.UTF8.GetBytes(text), line);

    [Fact]
    public void A_missing_column_or_file_is_named()
    {
        string csv = Write("a.csv", "id,text\n1,a\n"u8.ToArray());
        Assert.Contains("'title'", ReadError(csv, "title"), StringComparison.Ordinal);
        string json = Write("a.jsonl", "{\"text\":\"a\"}\n"u8.ToArray());
        Assert.Contains("'title'", ReadError(json, "title"), StringComparison.Ordinal);
        string missing = Path.Combine(_folder, "none.txt");
        Assert.Contains("no such file", ReadError(missing), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.txt", "a\rb\rc\n", "2 carriage returns (CR)")]
    [InlineData("a.txt.gz", "a\r", "1 carriage return (CR)")]
    [InlineData("a.tsv", "text\ra\rb\r", "3 carriage returns (CR)")]
    [InlineData("a.csv", "text\ra\n\"b\rc\"\n", "1 carriage return (CR)")]
    public void Carriage_returns_inside_lines_are_counted_in_one_remark(string name, string text, string expected)
    {
        string path = Write(name, Encoding.UTF8.GetBytes(text));
        List<string> remarks = [];
        _ = SentenceFile.Read(path, remark: remarks.Add).Count();
        Assert.Equal([$"{path}: {expected} inside lines: only LF and CRLF end a line"], remarks);
    }

    [Theory]
    [InlineData("a.txt", "a\r\nb\r\n")]
    [InlineData("a.csv", "text\r\n\"b\rc\"\r\n")]
    [InlineData("a.jsonl", "\"a\" \r \r\n")]
    public void Carriage_returns_that_belong_there_are_not_remarked(string name, string text) =>
        Assert.NotEmpty(SentenceFile.Read(Write(name, Encoding.UTF8.GetBytes(text)), remark: Assert.Fail));

    [Fact]
    public void Rows_have_the_line_of_the_file_on_which_they_start()
    {
        Assert.Equal([3, 7], Lines("a.csv", "text\n\n\"a\n\n\nb\"\nc\n"));
        Assert.Equal([2, 4], Lines("a.jsonl", "\n\"a\"\n\n\"b\"\n"));
        Assert.Equal([2, 4], Lines("a.json", "[\n\"a\",\n\n\"b\"]"));
        Assert.Equal([1, 2, 3], Lines("a.txt", "a\n\nb"));

        IEnumerable<long> Lines(string name, string text) =>
            SentenceFile.Read(Write(name, Encoding.UTF8.GetBytes(text))).Select(row => row.Place.Line);
    }

    [Fact]
    public async Task A_pipe_is_read_once()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "mkfifo is of Unix");
        string pipe = Path.Combine(_folder, "pipe.txt");
        using (Process make = Process.Start("mkfifo", pipe)) make.WaitForExit();
        Task writer = Task.Run(() => File.WriteAllText(pipe, "a\nb\n"));
        Assert.Equal(["a", "b"], SentenceFile.Read(pipe).Select(row => row.Text));
        await writer;
    }

    [Fact]
    public void A_folder_is_no_file() =>
        Assert.Equal($"{_folder}: found a folder, expected a file", ReadError(_folder));

    [Fact]
    public void A_stream_is_read_line_by_line()
    {
        using MemoryStream stream = new("a\nb"u8.ToArray());
        SentenceRow[] expected = [new("a", new("standard input", 1)), new("b", new("standard input", 2))];
        Assert.Equal(expected, SentenceFile.Read(stream, "standard input"));
        using MemoryStream bad = new([0xFF]);
        string message = Assert.Throws<InvalidInputException>(
            () => SentenceFile.Read(bad, "standard input").Count()).Message;
        Assert.Equal("standard input, line 1: not valid UTF-8", message);
    }
}
