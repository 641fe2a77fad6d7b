using System.Globalization;
using System.Text.Json;
using EsimCse.Core.Text;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cli;

/// <summary>Columns that embed carries along, through the tool.</summary>
public class KeptInputTests(TrainedModel model) : IClassFixture<TrainedModel>
{
    string Write(string name, string text)
    {
        File.WriteAllText(model.In(name), text);
        return model.In(name);
    }

    string Embed(params string[] arguments)
    {
        (int code, string output, string error) = Tool.Run("", ["embed", model.Run, .. arguments]);
        Assert.True(code == 0, error);
        return output;
    }

    [Fact]
    public void Values_of_jsonl_stay_as_they_are()
    {
        string input = Write("kept.jsonl", """
            {"text":"the cat","id":12345678901234567890,"title":"é \"𝄞\"\n\u2028","tags":[1, "x" ]}
            {"title":null,"id":-1.50e3,"text":"","tags":{"a" : true}}

            """);
        string[] lines = Embed(input, "--keep", "tags,row,id,title").TrimEnd('\n').Split('\n');
        const string start = """{"tags":[1,"x"],"row":0,"id":12345678901234567890,"title":""";
        Assert.StartsWith(start, lines[0], StringComparison.Ordinal);
        const string second = """{"tags":{"a":true},"row":1,"id":-1.50e3,"title":null,"embedding":[""";
        Assert.StartsWith(second, lines[1], StringComparison.Ordinal);
        string[] plain = Embed(input).TrimEnd('\n').Split('\n');
        foreach ((int row, string line) in lines.Index())
        {
            using JsonDocument json = JsonDocument.Parse(line);
            Assert.Equal(plain[row], json.RootElement.GetProperty("embedding").GetRawText());
        }
        using JsonDocument first = JsonDocument.Parse(lines[0]);
        Assert.Equal("é \"𝄞\"\n\u2028", first.RootElement.GetProperty("title").GetString());
    }

    [Fact]
    public void Fields_of_csv_are_quoted_where_they_must_be()
    {
        string[] titles = ["plain", "a,b", "say \"é\"", "line\r\nend", "", "𝄞 \t;", "\"", " padded "];
        IEnumerable<string> rows = titles.Select((title, row) => $"the cat,{Quote(title)},{row * 10}\n");
        string input = Write("kept.csv", "text,the title,id\n" + string.Concat(rows));
        Embed(input, "--keep", "the title,row,id", "--output", model.In("kept-output.csv"));
        string output = File.ReadAllText(model.In("kept-output.csv"));
        Assert.StartsWith("the title,row,id,e0,e1,", output, StringComparison.Ordinal);
        string[] read = [.. SentenceFile.Read(model.In("kept-output.csv"), "the title").Select(row => row.Text)];
        Assert.Equal(titles, read);
        SentenceRow[] kept = [.. SentenceFile.Read(model.In("kept-output.csv"), "the title", keep: ["row", "id"])];
        for (int row = 0; row < titles.Length; row++)
            Assert.Equal([$"{row}", $"{row * 10}"], kept[row].Kept!.Select(value => value.Text));
        string[] vector = output[..^1].Split('\n')[^1].Split(',')[^16..];
        float[] expected = JsonSerializer.Deserialize<float[]>(Embed(input).Split('\n')[0])!;
        Assert.Equal(expected, vector.Select(value => float.Parse(value, CultureInfo.InvariantCulture)));

        static string Quote(string field) => $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    [Fact]
    public void Rows_of_many_batches_keep_their_values()
    {
        const int count = 3000;
        IEnumerable<string> rows = Enumerable.Range(0, count).Select(i => $"{i}\tcat{new string('.', i % 30)}\n");
        string input = Write("many.tsv", "id\ttext\n" + string.Concat(rows));
        string[] lines = Embed(input, "--keep", "id,row").TrimEnd('\n').Split('\n');
        Assert.Equal(count, lines.Length);
        for (int i = 0; i < count; i++)
            Assert.StartsWith($"{{\"id\":\"{i}\",\"row\":{i},\"embedding\":[", lines[i], StringComparison.Ordinal);
    }

    [Fact]
    public void The_number_of_a_row_needs_no_columns()
    {
        (int code, string output, string error) = Tool.Run("the cat\n\n", "embed", model.Run, "-", "--keep", "row");
        Assert.True(code == 0, error);
        string[] lines = output.TrimEnd('\n').Split('\n');
        Assert.StartsWith("{\"row\":0,\"embedding\":[", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("{\"row\":1,\"embedding\":[", lines[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("w.txt", "a\n", "id", "-", 2, "--keep id: ")]
    [InlineData("w.csv", "text,id\na,1\n", "id", "w.npy", 2, "found .npy, expected .jsonl or .csv or .parquet")]
    [InlineData("w.csv", "text,id\na,1\n", "id,", "-", 2, "--keep: found id,, expected distinct names")]
    [InlineData("w.csv", "text,id\na,1\n", "id,id", "-", 2, "--keep: found id,id, expected distinct names")]
    [InlineData("w.csv", "text,e3\na,1\n", "e3", "w-output.csv", 2, "--keep e3: is a column of the vectors")]
    [InlineData("w.csv", "text,embedding\na,1\n", "embedding", "-", 2, "--keep embedding: is a column of the vectors")]
    [InlineData("w.csv", "text,id\na,1\n", "name", "-", 3, "found columns 'text', 'id', expected 'name'")]
    [InlineData("w.csv", "text,id\na\n", "id", "-", 3, "line 2: found 1 field, expected 2")]
    [InlineData("w.jsonl", "{\"text\":\"a\",\"id\":1}\n{\"text\":\"a\"}", "id", "-", 3, "line 2: found columns 'text'")]
    [InlineData("w.jsonl", "\"a\"\n", "id", "-", 3, "line 1: found a string, expected an object with 'id'")]
    public void A_column_that_cannot_be_kept_is_refused(
        string name, string text, string keep, string target, int expected, string message)
    {
        string input = Write(name, text);
        string output = target == "-" ? target : model.In(target);
        (int code, _, string error) = Tool.Run("", "embed", model.Run, input, "--keep", keep, "--output", output);
        Assert.True(code == expected, $"found {code}: {error}");
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(model.Folder, "w-output*"));
    }
}
