using System.IO.Compression;
using System.Text;
using EsimCse.Core;
using EsimCse.Core.Text;

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
        if (compression == ".gz")
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
        Assert.Equal(["s"], Read("a.csv", "other\ns\n"));
        Assert.Equal(["s"], Read("a.csv", "id,other\n1,s\n", "other"));
        Assert.Equal(
            ["a, \"quoted\"\nfield", ""], Read("a.csv", "text,n\n\"a, \"\"quoted\"\"\nfield\",1\n,2\n"));
        Assert.Equal(["a"], Read("A.CSV", "text\na\n"));
        Assert.Equal(["a,b"], Read("a.tsv", "n\ttext\n1\ta,b\n"));
        Assert.Empty(Read("a.csv", "text\n"));
    }

    [Fact]
    public void Jsonl_takes_objects_and_bare_strings()
    {
        Assert.Equal(["a"], Read("A.JsonL", "\"a\"\n"));
        Assert.Equal(
            ["a", "b", "c\n"],
            Read("a.jsonl", "{\"id\":1,\"text\":\"a\"}\n\"b\"\n{\"text\":\"c\\n\"}\n"));
        Assert.Equal(["x"], Read("a.jsonl", "{\"text\":\"a\",\"other\":\"x\"}\n", "other"));
        Assert.Equal(["x"], Read("a.ndjson", "{\"other\":\"x\",\"more\":1}\n"));
    }

    [Theory]
    [InlineData("a.jsonl", "\"a\"\n{\"n\":1}\n", "line 2")]
    [InlineData("a.jsonl", "\"a\"\n{\"text\"\n", "line 2")]
    [InlineData("a.jsonl", "{}\n", "line 1")]
    [InlineData("a.jsonl", "\"a\"\n\"\\ud800\"\n", "line 2")]
    [InlineData("a.jsonl", "{\"\\udc00\":\"x\"}\n", "line 1")]
    [InlineData("a.jsonl", "[\"a\"]\n", "line 1")]
    [InlineData("a.csv", "id,text\n1,a\n2\n", "line 3")]
    [InlineData("a.csv", "text\n\"never ends\n", "line 2")]
    [InlineData("a.csv", "text\n\"a\" b\n", "line 2")]
    [InlineData("a.csv", "id,text\n\n1,a,b\n", "line 3")]
    [InlineData("a.csv", "text\nhello, world\n", "line 2")]
    [InlineData("a.csv", "", "line 1")]
    [InlineData("a.tsv", "id\ttext\n1\ta\tb\n", "line 2")]
    [InlineData("a.jsonl", "{\"text\":null}\n", "line 1")]
    [InlineData("a.jsonl", "{\"text\":\"a\",\"text\":\"b\"}\n", "line 1")]
    [InlineData("a.jsonl", "{\"text\":\"a\"}\n{\"body\":\"b\"}\n", "line 2")]
    [InlineData("a.jsonl", "\"a\" x\n", "line 1")]
    [InlineData("a.json", "[\n\"a\",\n1]", "line 3")]
    [InlineData("a.json", "[\n{\"text\":\n2}]", "line 2")]
    [InlineData("a.json", "[\"a\"\n", "line")]
    [InlineData("a.json", "[\"a\"]\nx", "line 2")]
    [InlineData("a.json", "{\"text\":\"a\"}", "line 1")]
    [InlineData("a.json", "[\"a\",]", "line 1")]
    [InlineData("a.json", "", "line 1")]
    public void A_row_without_the_column_is_named_by_its_line(string name, string text, string line) =>
        AssertRefused(name, Encoding.UTF8.GetBytes(text), line);

    [Fact]
    public void Blank_lines_are_no_rows_and_rows_keep_their_lines()
    {
        AssertRows("a.csv", "\ntext\n\na\n\n\"b\nc\"\n\nd\n", ("a", 4), ("b\nc", 6), ("d", 9));
        AssertRows("a.tsv", "text\n\na\n\n", ("a", 3));
        AssertRows("a.jsonl", "\n\"a\"\n   \n\"b\"\n", ("a", 2), ("b", 4));
        AssertRows("a.json", " [\n\n\"a\",\n{\"text\":\n\"b\"}\n, \"c\"]\n", ("a", 3), ("b", 4), ("c", 6));
        AssertRows("a.json", "[]");

        void AssertRows(string name, string text, params (string, long)[] expected) => Assert.Equal(
            expected.Select(row => new SentenceRow(row.Item1, row.Item2)),
            SentenceFile.Read(Write(name, Encoding.UTF8.GetBytes(text))));
    }

    [Fact]
    public void A_quotation_mark_in_a_tsv_is_a_character()
    {
        Assert.Equal(["\"a", "b\"", "\"c\" d"], Read("a.tsv", "text\tn\n\"a\t1\nb\"\t2\n\"c\" d\t3\n"));
        Assert.Equal(["x\""], Read("a.tsv", "first\tsecond\n\"a\tx\"\n", "second"));
    }

    [Theory]
    [InlineData("a.csv", "title,body\nt,b\n")]
    [InlineData("a.tsv", "title\tbody\nt\tb\n")]
    [InlineData("a.jsonl", "{\"title\":\"t\",\"body\":\"b\"}\n")]
    [InlineData("a.json", "[{\"title\":\"t\",\"body\":\"b\"}]")]
    public void A_column_is_never_guessed(string name, string text)
    {
        string message = Assert.Throws<UsageException>(() => Read(name, text)).Message;
        Assert.All(["title", "body"], column => Assert.Contains(column, message, StringComparison.Ordinal));
        Assert.Equal(["b"], Read(name, text, "body"));
    }

    [Fact]
    public void A_column_of_lines_of_text_is_refused()
    {
        SentenceFile.CheckColumn(["a.txt"], null);
        SentenceFile.CheckColumn(["a.txt", "b.csv.gz"], "text");
        string message = Assert.Throws<UsageException>(() => SentenceFile.CheckColumn(["-"], "text")).Message;
        Assert.Contains("standard input", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.txt", "a\rb\rc\r\nd\n", "2 carriage returns")]
    [InlineData("a.csv", "text,n\na\rb,1\n", "1 carriage return ")]
    [InlineData("a.csv", "text\n\"a\rb\"\n", null)]
    [InlineData("a.tsv", "text\na\rb\n", "1 carriage return ")]
    [InlineData("a.txt", "a\r\nb", null)]
    public void Carriage_returns_inside_lines_are_counted_in_a_remark(string name, string text, string? expected)
    {
        List<string> remarks = [];
        string path = Write(name, Encoding.UTF8.GetBytes(text));
        Assert.NotEmpty(SentenceFile.Read(path, remark: remarks.Add).ToArray());
        if (expected is null) Assert.Empty(remarks);
        else Assert.Contains($"{path}: {expected}", Assert.Single(remarks), StringComparison.Ordinal);
    }

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

    [Fact]
    public void A_stream_is_read_line_by_line()
    {
        using MemoryStream stream = new("a\nb"u8.ToArray());
        Assert.Equal(["a", "b"], SentenceFile.Read(stream, "standard input").Select(row => row.Text));
        using MemoryStream bad = new([0xFF]);
        string message = Assert.Throws<InvalidInputException>(
            () => SentenceFile.Read(bad, "standard input").Count()).Message;
        Assert.Equal("standard input, line 1: not valid UTF-8", message);
    }
}
