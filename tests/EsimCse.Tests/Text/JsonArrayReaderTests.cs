using System.Text;
using EsimCse.Core;
using EsimCse.Core.Text;

namespace EsimCse.Tests.Text;

public class JsonArrayReaderTests
{
    static List<(string Json, long Line)> Read(byte[] bytes, int bytesAtOnce = int.MaxValue)
    {
        MemoryStream stream = new(bytes);
        JsonArrayReader reader =
            new((buffer, offset, count) => stream.Read(buffer, offset, Math.Min(count, bytesAtOnce)), "a.json");
        return [.. reader.ReadElements()];
    }

    static string ReadError(byte[] bytes) => Assert.Throws<InvalidInputException>(() => Read(bytes)).Message;

    [Theory]
    [InlineData("[]")]
    [InlineData("\uFEFF \n [ \n ] \r\n")]
    [InlineData("[\"a\"]", "\"a\"")]
    [InlineData("[\"a,]\\\"[\",[1,[2]],{\"a\":[\"}\"]} , 3 ]", "\"a,]\\\"[\"", "[1,[2]]", "{\"a\":[\"}\"]}", "3")]
    [InlineData("[\"\\\\\",\"é漢𝄞\"]", "\"\\\\\"", "\"é漢𝄞\"")]
    public void Elements_end_at_commas_outside_of_strings_and_brackets(string text, params string[] expected)
    {
        foreach (int bytesAtOnce in new[] { 1, 2, 1000 })
            Assert.Equal(expected, Read(Encoding.UTF8.GetBytes(text), bytesAtOnce).Select(row => row.Json.Trim()));
    }

    [Fact]
    public void Elements_have_the_line_on_which_they_start()
    {
        var rows = Read("\n[\n\"a\", \"b\",\n\n{\n\"text\":\n\"c\"\n}\n,\r\n\"d\"]"u8.ToArray(), 3);
        Assert.Equal([3, 3, 5, 10], rows.Select(row => row.Line));
    }

    [Theory]
    [InlineData("", "line 1: found the end of the file, expected an array: [")]
    [InlineData("\n{\"a\":1}", "line 2: found '{', expected an array: [")]
    [InlineData("[\"a\"]\n[\"b\"]", "line 2: found '[', expected nothing after the array")]
    [InlineData("[\"a\"\n,\n\"b", "line 3: the array does not end after this line's text")]
    [InlineData("[\"a\",\n", "line 2: the array does not end after this line's text")]
    [InlineData("[", "line 1: the array does not end after this line's text")]
    public void Text_that_is_not_one_array_is_named_by_its_line(string text, string expected) =>
        Assert.Equal("a.json, " + expected, ReadError(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Invalid_bytes_are_named_by_their_line()
    {
        byte[] text = [.. "[\"a\",\n{\"b\":\n\""u8, 0xC3, .. "\"}]"u8];
        Assert.Equal("a.json, line 3: not valid UTF-8", ReadError(text));
    }

    [Fact]
    public void An_array_on_one_line_takes_the_memory_of_an_element()
    {
        const int count = 400_000;
        string text = "[" + string.Join(",", Enumerable.Range(0, count).Select(i => $"\"sentence {i}\"")) + "]";
        MemoryStream stream = new(Encoding.UTF8.GetBytes(text));
        int longest = 0;
        JsonArrayReader reader = new(ReadAndMeasure, "a.json");
        Assert.Equal(count, reader.ReadElements().Count());
        Assert.Equal(1 << 16, longest);

        int ReadAndMeasure(byte[] buffer, int offset, int length)
        {
            longest = Math.Max(longest, buffer.Length);
            return stream.Read(buffer, offset, length);
        }
    }
}
