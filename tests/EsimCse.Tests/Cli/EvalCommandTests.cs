using System.Text.Json;
using EsimCse.Cli;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Evaluation.Transfer;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Cli;

public class EvalCommandTests : IClassFixture<TrainedModel>
{
    readonly TrainedModel _model;

    public EvalCommandTests(TrainedModel model)
    {
        _model = model;
        WriteSets();
    }

    /// <summary>Adds a year and SICK to the model's folder, which has the STS benchmark.</summary>
    void WriteSets()
    {
        string year = _model.In("senteval", "STS12-en-test");
        Directory.CreateDirectory(year);
        Directory.CreateDirectory(_model.In("sick"));
        string[] pairs =
            ["the cat\tthe old cat", "a dog\ta red tree near the house.", "the bird\ta bird sees the cat near a tree"];
        File.WriteAllLines(Path.Combine(year, "STS.input.animals.txt"), pairs);
        File.WriteAllLines(Path.Combine(year, "STS.gs.animals.txt"), ["4.5", "0", "2.25"]);
        IEnumerable<string> sick = pairs.Select((pair, i) => $"{i}\t{pair}\t{i + 1}.5\tNEUTRAL");
        File.WriteAllLines(_model.In("sick", "SICK_test_annotated.txt"), ["header", .. sick]);
    }

    [Fact]
    public void Json_is_the_report_of_the_library()
    {
        string[] names = ["sts12", "stsb-dev", "stsb-test", "sick"];
        (int code, string output, string error) = Tool.Run(
            "", "eval", _model.Run, "--data", _model.Folder, "--sets", string.Join(',', names), "--json",
            "--device", "cpu");
        Assert.True(code == 0, error);
        using SentenceEncoder encoder = OnCpu.Load(_model.Run);
        StsReport report = StsReport.Compute(
            names.ToDictionary(name => name, name => StsSets.Read(_model.Folder, name)), Encode, encoder.Dimension);
        using MemoryStream expected = new();
        EvalReport all = new(_model.Run, encoder.Pooler, report, Transfer: null);
        using (Utf8JsonWriter json = new(expected)) all.Write(json);
        Assert.Equal(System.Text.Encoding.UTF8.GetString(expected.ToArray()), output.TrimEnd('\n'));

        (float[] Vectors, int[] Lengths) Encode(IReadOnlyList<string> sentences)
        {
            IReadOnlyList<int[]> ids = encoder.Tokenize(sentences);
            return (encoder.Encode(ids), [.. ids.Select(sentence => sentence.Length)]);
        }
    }

    [Fact]
    public void The_table_has_a_row_for_each_set_and_the_average()
    {
        (int code, string output, string error) =
            Tool.Run("", "eval", _model.Run, "--data", _model.Folder, "--sets", "sts12,stsb-dev");
        Assert.True(code == 0, error);
        string[] rows = output.TrimEnd('\n').Split('\n');
        Assert.Equal(
            ["pooler", "set", "sts12", "stsb-dev", "average", "alignment"], rows.Select(row => row.Split(' ')[0]));
        string[] fields = rows[2].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("3", fields[1]);
        Assert.Equal(10, fields.Length);
    }

    [Theory]
    [InlineData("sts14")]
    [InlineData("sick")]
    [InlineData("stsb-dev")]
    public void A_missing_set_is_named(string set)
    {
        string data = Directory.CreateTempSubdirectory("esimcse-eval-").FullName;
        Directory.CreateDirectory(Path.Combine(data, "stsb"));
        File.WriteAllText(Path.Combine(data, "stsb", "sts-dev.csv"), "");
        File.Copy(_model.In("stsb", "sts-test.csv"), Path.Combine(data, "stsb", "sts-test.csv"));
        (int code, _, string error) =
            Tool.Run("", "eval", _model.Run, "--data", data, "--sets", "stsb-test," + set);
        Directory.Delete(data, recursive: true);
        Assert.Equal(3, code);
        Assert.Contains($"set {set} is missing", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Transfer_scores_are_those_of_the_library()
    {
        using TransferFolder tasks = WriteTasks();
        (int code, string output, string error) =
            Tool.Run("", "eval", _model.Run, "--transfer", tasks.Path, "--json", "--device", "cpu", "--threads", "1");
        Assert.True(code == 0, error);
        Assert.Contains("transfer task cr: 30 examples", error, StringComparison.Ordinal);
        using SentenceEncoder encoder = OnCpu.Load(_model.Run);
        List<string> started = [];
        TransferReport report =
            encoder.ScoreTransfer(tasks.Path, (name, examples) => started.Add($"{name} {examples}"));
        Assert.Equal(["cr 30", "mrpc 60"], started);
        Assert.Equal(["cr", "mrpc"], report.Tasks.Select(task => task.Name));
        using MemoryStream expected = new();
        using (Utf8JsonWriter json = new(expected))
            new EvalReport(_model.Run, encoder.Pooler, Sts: null, report).Write(json);
        Assert.Equal(System.Text.Encoding.UTF8.GetString(expected.ToArray()), output.TrimEnd('\n'));
    }

    [Fact]
    public void Sets_and_transfer_tasks_are_printed_one_after_the_other()
    {
        using TransferFolder tasks = WriteTasks();
        (int code, string output, string error) = Tool.Run(
            "", "eval", _model.Run, "--data", _model.Folder, "--sets", "sts12", "--transfer", tasks.Path);
        Assert.True(code == 0, error);
        string[] rows = output.TrimEnd('\n').Split('\n');
        Assert.Equal(
            ["pooler", "set", "sts12", "average", "pooler", "task", "cr", "mrpc", "average"],
            rows.Select(row => row.Split(' ')[0]));
        using SentenceEncoder encoder = OnCpu.Load(_model.Run);
        TransferScore score = encoder.ScoreTransfer(tasks.Path).Tasks[0].Score;
        string[] expected = ["cr", $"{100 * score.Accuracy:F2}", $"{100 * score.Dev:F2}"];
        Assert.Equal(expected, rows[6].Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void Json_has_sets_and_transfer_tasks()
    {
        using TransferFolder tasks = WriteTasks();
        (int code, string output, string error) = Tool.Run(
            "", "eval", _model.Run, "--data", _model.Folder, "--sets", "sts12", "--transfer", tasks.Path, "--json");
        Assert.True(code == 0, error);
        using JsonDocument json = JsonDocument.Parse(output);
        string[] names = [.. json.RootElement.EnumerateObject().Select(property => property.Name)];
        Assert.Equal(["model", "pooler", "sets"], names[..3]);
        Assert.Equal("transfer", names[^1]);
    }

    [Fact]
    public void An_incomplete_task_is_named_before_the_model_is_loaded()
    {
        using TransferFolder tasks = WriteTasks();
        File.Delete(tasks.In("CR", "custrev.neg"));
        (int code, _, string error) = Tool.Run("", "eval", "no-such-model", "--transfer", tasks.Path);
        Assert.Equal(3, code);
        Assert.Contains(tasks.In("CR", "custrev.neg"), error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--data")]
    [InlineData("--sets", "--sets", "sts12", "--transfer", "folder")]
    public void Options_that_miss_their_folder_are_refused(string named, params string[] arguments)
    {
        (int code, _, string error) = Tool.Run("", ["eval", _model.Run, .. arguments]);
        Assert.Equal(2, code);
        Assert.Contains(named, error, StringComparison.Ordinal);
    }

    /// <summary>Writes tasks whose classes use other words, and pairs of equal and of different sentences.</summary>
    static TransferFolder WriteTasks()
    {
        string[] animals = ["the cat", "a dog sees the cat", "the old bird"];
        string[] things = ["a red tree", "the house", "the tree near a house ."];
        string[] nouns = ["cat", "dog", "bird", "tree", "house"];
        TransferFolder tasks = new(seed: 41);
        tasks.Write("CR/custrev.pos", Enumerable.Range(0, 15).Select(i => $"{animals[i % 3]} hears a {nouns[i % 5]}"));
        tasks.Write("CR/custrev.neg", Enumerable.Range(0, 15).Select(i => $"{things[i % 3]} in a {nouns[i % 5]}"));
        IEnumerable<string> pairs = Enumerable.Range(0, 30).Select(Pair);
        foreach (string split in new[] { "train", "test" })
            tasks.Write($"MRPC/msr_paraphrase_{split}.txt", ["header", .. pairs]);
        return tasks;

        string Pair(int i) => i % 2 == 0
            ? $"1\t0\t0\tthe {nouns[i % 5]}\tthe {nouns[i % 5]}"
            : $"0\t0\t0\tthe {nouns[i % 5]}\ta red {nouns[(i + 1) % 5]} .";
    }

    [Fact]
    public void A_full_disk_fails_with_one_line()
    {
        (int code, string error) =
            Tool.RunOnFullDisk("eval", _model.Run, "--data", _model.Folder, "--sets", "stsb-dev", "--json");
        Assert.True(code == 1, $"found {code}: {error}");
        Assert.Contains("esimcse: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }
}
