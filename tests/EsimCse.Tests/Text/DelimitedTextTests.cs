using System.Text;
using EsimCse.Core;
using EsimCse.Core.Text;

namespace EsimCse.Tests.Text;

public class DelimitedTextTests
{
    static SentenceRow[] Read(string text, string? column = null)
    {
        MemoryStream stream = new(Encoding.UTF8.GetBytes(text));
        var rows = DelimitedText.SplitAtTabs(new Utf8LineReader(stream.Read, "a.tsv"));
        return [.. DelimitedText.ReadColumn(rows, "a.tsv", column)];
    }

    static string[] ReadTexts(string text, string? column = null) => [.. Read(text, column).Select(row => row.Text)];

    [Theory]
    [InlineData("id\ttext\n1\ta", "a")]
    [InlineData("sentence\ttext\ns\tt", "t")]
    [InlineData("id\tsentence\n1\ts", "s")]
    [InlineData("only\nx", "x")]
    [InlineData("other\tother\ttext\na\tb\tc", "c")]
    public void The_default_column_is_text_then_sentence_then_the_only_one(string text, string expected) =>
        Assert.Equal([expected], ReadTexts(text));

    [Theory]
    [InlineData("id\tother\n1\ts", "'id', 'other'")]
    [InlineData("x\tx\n1\ts", "'x', 'x'")]
    [InlineData("Text\tTEXT\n1\ts", "'Text', 'TEXT'")]
    public void Several_columns_to_choose_from_are_a_usage_error_that_names_them(string text, string named)
    {
        string message = Assert.Throws<UsageException>(() => Read(text)).Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.Contains("--column", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_column_is_chosen_by_name() => Assert.Equal(["s"], ReadTexts("id\tother\n1\ts", "other"));

    [Fact]
    public void Rows_have_their_line_and_blank_lines_are_none() =>
        Assert.Equal([new("a", new("a.tsv", 4)), new(" ", new("a.tsv", 6))], Read("\r\ntext\n\na\n\n \n"));

    [Fact]
    public void Quotation_marks_are_characters()
    {
        Assert.Equal(["\"a", "b\"", "\"\""], ReadTexts("text\tn\n\"a\t1\nb\"\t2\n\"\"\t\"3\n"));
        Assert.Equal(["b\""], ReadTexts("first\ttext\n\"a\tb\"\n"));
    }

    [Theory]
    [InlineData("id\ttext\n1\ta\n2", "line 3: found 1 field, expected 2 as in the header")]
    [InlineData("text\tid\na\t1\tb", "line 2: found 3 fields, expected 2 as in the header")]
    [InlineData("text\na\t", "line 2: found 2 fields, expected 1 as in the header")]
    [InlineData("text\ttext\na\tb", "line 1: found columns 'text', 'text', expected 'text' once")]
    [InlineData("", "line 1: found no text, expected a header row")]
    [InlineData("\n\n", "line 1: found no text, expected a header row")]
    public void A_table_that_is_not_valid_is_named_by_its_line(string text, string message)
    {
        string found = Assert.Throws<InvalidInputException>(() => Read(text)).Message;
        Assert.Equal($"a.tsv, {message}", found);
    }

    [Fact]
    public void A_row_may_end_after_the_column() => Assert.Equal(["a"], ReadTexts("text\tid\na\n"));

    [Fact]
    public void A_missing_column_is_named()
    {
        string found = Assert.Throws<InvalidInputException>(() => Read("id\ttext\n1\ta", "title")).Message;
        Assert.Equal("a.tsv, line 1: found columns 'id', 'text', expected 'title'", found);
    }
}
