using System.Text;
using EsimCse.Core;
using EsimCse.Core.Text;

namespace EsimCse.Tests.Text;

public class CsvReaderTests
{
    static CsvReader Open(string text)
    {
        MemoryStream stream = new(Encoding.UTF8.GetBytes(text));
        return new(new Utf8LineReader(stream.Read, "a.csv"), "a.csv");
    }

    static List<(long Line, List<string> Fields)> Read(string text) => [.. Open(text).ReadRows()];

    static string ReadError(string text) => Assert.Throws<InvalidInputException>(() => Read(text)).Message;

    [Theory]
    [InlineData("a,b", "a", "b")]
    [InlineData(",", "", "")]
    [InlineData("a,", "a", "")]
    [InlineData("\"a,b\",c", "a,b", "c")]
    [InlineData("\"say \"\"hi\"\"\"", "say \"hi\"")]
    [InlineData("\"\",\"\"\"\"", "", "\"")]
    [InlineData("\"\"", "")]
    [InlineData("a 5\" disk,he said \"hi\"", "a 5\" disk", "he said \"hi\"")]
    [InlineData("a\rb, \"c\"", "a\rb", " \"c\"")]
    public void Fields_follow_RFC_4180(string row, params string[] expected)
    {
        foreach (string end in new[] { "", "\n", "\r\n" })
            Assert.Equal(expected, Assert.Single(Read(row + end)).Fields);
    }

    [Theory]
    [InlineData("a\nb\n\nc")]
    [InlineData("a\r\nb")]
    [InlineData("\r\n\r\n")]
    [InlineData("a\rb")]
    public void Line_ends_inside_quotes_stay_as_they_are(string field) =>
        Assert.Equal([field, "x"], Assert.Single(Read($"\"{field}\",x\r\n")).Fields);

    [Fact]
    public void Rows_have_their_first_line_and_blank_lines_are_none()
    {
        var rows = Read("\nh\r\n\r\n\"a\n\nb\"\n \n\n\"\"\n");
        Assert.Equal([2, 4, 7, 9], rows.Select(row => row.Line));
        Assert.Equal(["h", "a\n\nb", " ", ""], rows.Select(row => row.Fields[0]));
    }

    [Fact]
    public void Carriage_returns_outside_quotes_are_counted()
    {
        CsvReader csv = Open("a\rb,\"c\rd\r\n\"\r\ne\r");
        Assert.Equal(2, csv.ReadRows().Count());
        Assert.Equal(2, csv.LoneReturns);
    }

    [Theory]
    [InlineData("h\n\"a\nb\"\n\"c\nd", "line 4: a quoted field does not end")]
    [InlineData("h,i\n\"a\nb\",\"c\n", "line 3: a quoted field does not end")]
    [InlineData("h\n\"a\" ,b", "line 2: found text after the closing quote of a field, expected a comma")]
    [InlineData("h\n\"a\nb\"c\nd", "line 3: found text after the closing quote of a field, expected a comma")]
    public void Text_after_a_quote_and_a_quote_without_an_end_are_named_by_their_line(string text, string expected) =>
        Assert.Equal("a.csv, " + expected, ReadError(text));

    [Fact]
    public void A_field_may_have_many_millions_of_characters()
    {
        string field = new('x', 20 << 20);
        Assert.Equal([field, field], Assert.Single(Read($"{field},\"{field}\"")).Fields);
    }
}
