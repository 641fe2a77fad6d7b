using System.Text.Json;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Cli;

/// <summary>The commands index and search, from the vectors of embed to results.</summary>
public sealed class SearchCommandTests(TrainedModel model) : IClassFixture<TrainedModel>
{
    static readonly string[] Texts =
        ["the cat sees a tree.", "a \"dog\" – naïve", "", "the old cat.", "the cat sees a tree."];

    static readonly string[] Queries = ["the cat", "a dog"];

    [Fact]
    public void Json_has_the_similarities_of_the_library()
    {
        string index = WriteIndex(withTexts: true);
        (int code, string output, string error) =
            Tool.Run("", ["search", index, model.Run, .. Queries, "--top", "4", "--json", "--device", "cpu"]);
        Assert.True(code == 0, error);
        using SentenceEncoder encoder = OnCpu.Load(model.Run);
        string[] lines = output.TrimEnd('\n').Split('\n');
        Assert.Equal(Queries.Length, lines.Length);
        for (int i = 0; i < lines.Length; i++)
        {
            JsonElement line = JsonElement.Parse(lines[i]);
            Assert.Equal(Queries[i], line.GetProperty("query").GetString());
            var expected = Texts.Select((text, row) => (Row: row, Score: encoder.Similarity(Queries[i], text)))
                .OrderByDescending(item => item.Score).ThenBy(item => item.Row).Take(4);
            var found = line.GetProperty("results").EnumerateArray()
                .Select(item => (item.GetProperty("row").GetInt32(), item.GetProperty("score").GetDouble()));
            Assert.Equal(expected, found);
            foreach (JsonElement item in line.GetProperty("results").EnumerateArray())
                Assert.Equal(Texts[item.GetProperty("row").GetInt32()], item.GetProperty("text").GetString());
        }
    }

    [Fact]
    public void Queries_from_a_file_and_from_standard_input_are_those_of_arguments()
    {
        string index = WriteIndex(withTexts: false);
        string file = model.In("queries.jsonl");
        File.WriteAllLines(file, Queries.Select(query => $$"""{"text":"{{query}}"}"""));
        string[] common = ["--json", "--threshold", "0.2", "--device", "cpu"];
        (_, string expected, _) = Tool.Run("", ["search", index, model.Run, .. Queries, .. common]);
        (_, string fromFile, _) = Tool.Run("", ["search", index, model.Run, "--queries", file, .. common]);
        (_, string fromInput, _) =
            Tool.Run(string.Join('\n', Queries), ["search", index, model.Run, "--queries", "-", .. common]);
        Assert.Contains("\"score\":", expected, StringComparison.Ordinal);
        Assert.DoesNotContain("\"text\":", expected, StringComparison.Ordinal);
        Assert.Equal(expected, fromFile);
        Assert.Equal(expected, fromInput);
    }

    [Fact]
    public void The_table_shows_score_row_and_text()
    {
        (int code, string output, string error) =
            Tool.Run("", ["search", WriteIndex(withTexts: true), model.Run, Texts[0], "--top", "2", "--device", "cpu"]);
        Assert.True(code == 0, error);
        string[] words = output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        string text = Texts[0];
        Assert.Equal($"{text} 1.0000 0 {text} 1.0000 4 {text}", string.Join(' ', words));
    }

    [Fact]
    public void An_index_with_a_graph_gives_the_same_results()
    {
        IndexFiles.RequireUsearch();
        string exact = WriteIndex(withTexts: true);
        string hnsw = model.In("hnsw");
        string[] inputs = [model.In("vectors.npy"), "--text", model.In("texts.txt"), "--output", hnsw];
        (int code, _, string error) = Tool.Run("", ["index", .. inputs, "--kind", "hnsw", "--threads", "1"]);
        Assert.True(code == 0, error);
        Assert.Contains("5 rows of 16, hnsw", error, StringComparison.Ordinal);
        string[] common = [model.Run, .. Queries, "--json", "--device", "cpu"];
        (_, string expected, _) = Tool.Run("", ["search", exact, .. common]);
        (_, string found, _) = Tool.Run("", ["search", hnsw, .. common]);
        Assert.Equal(expected, found);
        File.AppendAllText(Path.Combine(hnsw, "graph.usearch"), "x");
        (code, _, error) = Tool.Run("", ["search", hnsw, .. common]);
        Assert.Equal(3, code);
        Assert.Contains("graph.usearch: found SHA-256", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_usage_is_2_and_bad_input_is_3()
    {
        string index = WriteIndex(withTexts: false);
        string vectors = model.In("vectors.npy");
        string other = model.In("other.npy");
        using (IndexFiles files = new()) File.Copy(files.WriteVectors([[1, 2, 3]], 3), other, overwrite: true);
        string narrow = model.In("narrow");
        Assert.Equal(0, Tool.Run("", "index", other, "--output", narrow).Code);
        string lines = model.In("lines.txt");
        File.WriteAllText(lines, "one line\n");
        Expect(2, "found none, expected one", "search", index, model.Run);
        Expect(2, "expected one of the two", "search", index, model.Run, "a", "--queries", lines);
        Expect(2, "--top: found 0", "search", index, model.Run, "a", "--top", "0");
        Expect(2, "--threshold: found nan", "search", index, model.Run, "a", "--threshold", "nan");
        Expect(2, "--kind: found flat, expected exact or hnsw", "index", vectors, "--output", index, "--kind", "flat");
        Expect(2, "expected an index", "index", vectors, "--output", model.Run);
        Expect(2, "holds the input", "index", Path.Combine(index, "vectors.npy"), "--output", index);
        Expect(3, "no such folder", "index", vectors, "--output", model.In("missing", "index"));
        Expect(3, "no such file", "index", model.In("missing.npy"), "--output", model.In("new"));
        Expect(3, "found 1 rows, expected 5", "index", vectors, "--output", model.In("new"), "--text", lines);
        Expect(3, "no such folder, expected an index", "search", model.In("missing"), model.Run, "a");
        Expect(3, "found vectors of 3, expected", "search", narrow, model.Run, "a");
        Assert.False(Path.Exists(model.In("new")));

        static void Expect(int code, string message, params string[] arguments)
        {
            (int found, _, string error) = Tool.Run("", arguments);
            Assert.True(found == code, $"{string.Join(' ', arguments)}: {found}: {error}");
            Assert.Contains(message, error, StringComparison.Ordinal);
            Assert.StartsWith("esimcse: ", error.TrimEnd('\n').Split('\n')[^1], StringComparison.Ordinal);
        }
    }

    /// <summary>Embeds the texts, writes their index and returns its folder.</summary>
    string WriteIndex(bool withTexts)
    {
        string vectors = model.In("vectors.npy"), texts = model.In("texts.txt");
        string index = model.In(withTexts ? "index-with-texts" : "index-without");
        File.WriteAllLines(texts, Texts);
        (int code, _, string error) =
            Tool.Run("", "embed", model.Run, texts, "--output", vectors, "--device", "cpu");
        Assert.True(code == 0, error);
        string[] options = withTexts ? ["--text", texts] : [];
        (code, _, error) = Tool.Run("", ["index", vectors, "--output", index, .. options]);
        Assert.True(code == 0, error);
        Assert.Contains("5 rows of ", error, StringComparison.Ordinal);
        return index;
    }
}
