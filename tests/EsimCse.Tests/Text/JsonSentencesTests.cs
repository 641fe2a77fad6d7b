using EsimCse.Core;
using EsimCse.Core.Text;

namespace EsimCse.Tests.Text;

public class JsonSentencesTests
{
    static string[] Read(string? column, params string[] values)
    {
        JsonSentences sentences = new("a.jsonl", column);
        return [.. values.Select((json, index) => sentences.Read(json, index + 1).Text)];
    }

    static string ReadError(string? column, params string[] values) =>
        Assert.Throws<InvalidInputException>(() => Read(column, values)).Message;

    [Theory]
    [InlineData("""{"id":"1","text":"a","sentence":"b"}""", "a")]
    [InlineData("""{"id":"1","sentence":"b"}""", "b")]
    [InlineData("""{"id":1,"title":"c","tags":["d"],"more":{"text":"e"}}""", "c")]
    [InlineData("\"f\"", "f")]
    [InlineData("""  "\u00e9\ud834\udd1e\n"  """, "é𝄞\n")]
    [InlineData("""{"te\u0078t":"g"}""", "g")]
    public void The_default_column_is_text_then_sentence_then_the_only_string(string json, string expected) =>
        Assert.Equal([expected], Read(null, json));

    [Fact]
    public void The_first_object_determines_the_column()
    {
        Assert.Equal(["s", "a", "b"], Read(null, "\"s\"", """{"x":"a"}""", """{"x":"b","y":"c"}"""));
        string message = ReadError(null, """{"text":"a"}""", """{"sentence":"b"}""");
        Assert.Equal("a.jsonl, line 2: found columns 'sentence', expected 'text'", message);
        Assert.Contains("'x'", ReadError(null, """{"x":"a"}""", """{"text":"b"}"""), StringComparison.Ordinal);
    }

    [Fact]
    public void Several_strings_to_choose_from_are_a_usage_error_that_names_them()
    {
        const string row = """{"id":1,"title":"a","body":"b"}""";
        string message = Assert.Throws<UsageException>(() => Read(null, row)).Message;
        Assert.StartsWith("a.jsonl, line 1: found the columns 'title', 'body'", message, StringComparison.Ordinal);
        Assert.Equal(["b"], Read("body", row));
    }

    [Theory]
    [InlineData(null, """{"text":null,"other":"x"}""", "found null, expected a string as 'text'")]
    [InlineData(null, """{"text":5}""", "found a number, expected a string as 'text'")]
    [InlineData(null, """{"id":1}""", "found columns 'id', expected 'text'")]
    [InlineData(null, "{}", "found an object without columns, expected 'text'")]
    [InlineData(null, """["a"]""", "found an array, expected a string or an object with one")]
    [InlineData(null, "null", "found null, expected a string or an object with one")]
    [InlineData("body", """{"body":{"text":"a"}}""", "found an object, expected a string as 'body'")]
    [InlineData("body", """{"Body":"a"}""", "found columns 'Body', expected 'body'")]
    [InlineData("body", "\"a\"", "found a string, expected an object with 'body'")]
    [InlineData("body", "true", "found true or false, expected an object with 'body'")]
    public void A_row_without_the_column_or_with_another_value_is_named(string? column, string json, string expected) =>
        Assert.Equal("a.jsonl, line 1: " + expected, ReadError(column, json));

    [Theory]
    [InlineData("""{"text":"a","text":"b"}""")]
    [InlineData("""{"text":"a","te\u0078t":"b"}""")]
    [InlineData("""{"text":"a"} x""")]
    [InlineData("""{"text":"a"}{"text":"b"}""")]
    [InlineData("""{"text":"a",}""")]
    [InlineData("""{"text":'a'}""")]
    [InlineData("""{"text":"a"} // comment""")]
    [InlineData("\"a")]
    [InlineData("\"a\tb\"")]
    [InlineData("")]
    [InlineData("""{"text":"\ud800"}""")]
    [InlineData("""{"text":"\udc00\ud800"}""")]
    [InlineData("""{"\udc00":"x"}""")]
    public void Text_that_is_not_strict_JSON_is_named_by_its_line_alone(string json)
    {
        string message = ReadError(null, "\"first\"", json);
        Assert.StartsWith("a.jsonl, line 2: not valid ", message, StringComparison.Ordinal);
        Assert.DoesNotContain("LineNumber", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void An_error_inside_a_value_of_several_lines_is_named_by_its_own_line() =>
        Assert.StartsWith("a.jsonl, line 3: ", ReadError(null, "{\"text\":\n\n\"a\" \"b\"}"), StringComparison.Ordinal);
}
