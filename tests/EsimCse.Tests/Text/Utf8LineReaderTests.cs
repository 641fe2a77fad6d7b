using System.Text;
using EsimCse.Core;
using EsimCse.Core.Text;

namespace EsimCse.Tests.Text;

public class Utf8LineReaderTests
{
    /// <summary>Reads all lines from a source that gives a few bytes at a time.</summary>
    static string[] ReadAll(byte[] bytes, int bytesAtOnce)
    {
        MemoryStream stream = new(bytes);
        Utf8LineReader reader =
            new((buffer, offset, count) => stream.Read(buffer, offset, Math.Min(count, bytesAtOnce)), "a.txt");
        List<string> lines = [];
        while (reader.ReadLine() is { } line) lines.Add(line);
        Assert.Null(reader.ReadLine());
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
    }

    [Fact]
    public void Invalid_bytes_are_named_by_their_line()
    {
        byte[] text = [.. "a\nb\n"u8, 0xC3, 0x28];
        string message = Assert.Throws<InvalidInputException>(() => ReadAll(text, 100)).Message;
        Assert.Equal("a.txt, line 3: not valid UTF-8", message);
    }
}
