using System.Text;
using EsimCse.Core;
using EsimCse.Core.Text;

namespace EsimCse.Tests.Text;

public class DelimitedTextTests
{
    static string[] Read(string text, string? column = null)
    {
        MemoryStream stream = new(Encoding.UTF8.GetBytes(text));
        CsvReader csv = new(new Utf8LineReader(stream.Read, "a.csv"), "a.csv");
        return [.. DelimitedText.ReadColumn(csv.ReadRows(), "a.csv", column).Select(row => row.Text)];
    }

    [Theory]
    [InlineData("id,text\n1,a", "a")]
    [InlineData("sentence,text\ns,t", "t")]
    [InlineData("id,sentence\n1,s", "s")]
    [InlineData("other\ns", "s")]
    public void The_default_column_is_text_then_sentence_then_the_only_one(string text, string expected) =>
        Assert.Equal([expected], Read(text));

    [Fact]
    public void A_column_is_chosen_by_name() => Assert.Equal(["s"], Read("id,other\n1,s", "other"));

    [Theory]
    [InlineData("\"a,b\"", "a,b")]
    [InlineData("\"say \"\"hi\"\"\"", "say \"hi\"")]
    [InlineData("\"\"", "")]
    [InlineData("\"a\nb\n\nc\"", "a\nb\n\nc")]
    [InlineData("\"a\r\nb\"", "a\r\nb")]
    public void A_quoted_field_may_hold_separators_quotes_and_line_ends(string field, string expected) =>
        Assert.Equal([expected, "next"], Read($"text\n{field}\nnext"));

    [Theory]
    [InlineData("a 5\" disk")]
    [InlineData("he said \"hi\"")]
    [InlineData("a\rb")]
    public void A_quote_or_a_lone_CR_inside_an_unquoted_field_is_text(string field) =>
        Assert.Equal([field, "next"], Read($"text,n\n{field},1\nnext,2"));

    [Fact]
    public void A_field_may_have_many_millions_of_characters()
    {
        string field = new('x', 20 << 20);
        Assert.Equal([field], Read($"text\n{field}"));
    }

    [Theory]
    [InlineData("id,text\n1,a\n2", "line 3: found 1 field, expected 2 as in the header")]
    [InlineData("id,text\n1,a,b", "line 2: found 3 fields, expected 2 as in the header")]
    [InlineData("text\n\"a\nb\"\n\"c\nd", "line 4: a quoted field does not end")]
    [InlineData("text,text\na,b", "line 1: found columns 'text', 'text', expected 'text' once")]
    public void A_row_that_is_not_valid_is_named_by_its_first_line(string text, string message)
    {
        string found = Assert.Throws<InvalidInputException>(() => Read(text)).Message;
        Assert.Equal($"a.csv, {message}", found);
    }

    [Fact]
    public void A_missing_column_is_named()
    {
        string found = Assert.Throws<InvalidInputException>(() => Read("id,text\n1,a", "title")).Message;
        Assert.Equal("a.csv, line 1: found columns 'id', 'text', expected 'title'", found);
    }
}
