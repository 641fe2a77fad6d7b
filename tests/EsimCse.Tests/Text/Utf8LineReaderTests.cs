using System.Text;
using EsimCse.Core;
using EsimCse.Core.Text;

namespace EsimCse.Tests.Text;

public class Utf8LineReaderTests
{
    static Utf8LineReader Open(byte[] bytes, int bytesAtOnce = int.MaxValue)
    {
        MemoryStream stream = new(bytes);
        return new((buffer, offset, count) => stream.Read(buffer, offset, Math.Min(count, bytesAtOnce)), "a.txt");
    }

    /// <summary>Reads all lines from a source that gives a few bytes at a time.</summary>
    static string[] ReadAll(byte[] bytes, int bytesAtOnce)
    {
        Utf8LineReader reader = Open(bytes, bytesAtOnce);
        List<string> lines = [];
        while (reader.ReadLine() is { } line) lines.Add(line);
        Assert.Null(reader.ReadLine());
        Assert.Equal(lines.Count, reader.Number);
        return [.. lines];
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(100)]
    public void Lines_do_not_depend_on_the_reads(int bytesAtOnce)
    {
        byte[] text = Encoding.UTF8.GetBytes("\uFEFFé\r\n\nb\rc\n漢𝄞");
        Assert.Equal(["é", "", "b\rc", "漢𝄞"], ReadAll(text, bytesAtOnce));
        Assert.Empty(ReadAll([], bytesAtOnce));
        Assert.Empty(ReadAll(Encoding.UTF8.GetBytes("\uFEFF"), bytesAtOnce));
        Assert.Equal([""], ReadAll(Encoding.UTF8.GetBytes("\uFEFF\r\n"), bytesAtOnce));
        Assert.Equal(["\uFEFFa"], ReadAll(Encoding.UTF8.GetBytes("\uFEFF\uFEFFa"), bytesAtOnce));
    }

    [Theory]
    [InlineData("a\nb\r\nc", "\n", "\r\n", "")]
    [InlineData("\r\n\n", "\r\n", "\n")]
    public void The_end_of_each_line_is_told(string text, params string[] expected)
    {
        Utf8LineReader reader = Open(Encoding.UTF8.GetBytes(text));
        List<string> ends = [];
        while (reader.ReadLine() is not null) ends.Add(reader.LineEnd);
        Assert.Equal(expected, ends);
    }

    [Theory]
    [InlineData("a\r\nb\n", 0)]
    [InlineData("a\rb\rc\n", 2)]
    [InlineData("a\r\r\n", 1)]
    [InlineData("a\n\r", 1)]
    public void A_carriage_return_that_ends_no_line_is_text_and_is_counted(string text, int expected)
    {
        Utf8LineReader reader = Open(Encoding.UTF8.GetBytes(text), 1);
        StringBuilder read = new();
        while (reader.ReadLine() is { } line) read.Append(line).Append(reader.LineEnd);
        Assert.Equal(text, read.ToString());
        Assert.Equal(expected, reader.LoneReturns);
    }

    [Fact]
    public void A_long_line_that_arrives_in_small_parts_is_read_in_linear_time()
    {
        byte[] line = new byte[40 << 20];
        Array.Fill(line, (byte)'x');
        Assert.Equal(line.Length, Assert.Single(ReadAll(line, 512)).Length);
    }

    [Fact]
    public void Invalid_bytes_are_named_by_their_line()
    {
        byte[] text = [.. "a\nb\n"u8, 0xC3, 0x28];
        string message = Assert.Throws<InvalidInputException>(() => ReadAll(text, 100)).Message;
        Assert.Equal("a.txt, line 3: not valid UTF-8", message);
    }

    [Fact]
    public void A_source_that_fails_is_named_with_the_line_before()
    {
        int reads = 0;
        Utf8LineReader reader = new(ReadThenFail, "a.txt");
        Assert.Equal("a", reader.ReadLine());
        string message = Assert.Throws<InvalidInputException>(reader.ReadLine).Message;
        Assert.Equal("a.txt, after line 1: cannot be read: gone", message);

        int ReadThenFail(byte[] buffer, int offset, int count)
        {
            if (reads++ > 0) throw new IOException("gone");
            "a\nbc"u8.CopyTo(buffer.AsSpan(offset));
            return 4;
        }
    }
}
