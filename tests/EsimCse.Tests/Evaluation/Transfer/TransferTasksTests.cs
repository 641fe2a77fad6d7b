using System.Text;
using EsimCse.Core;
using EsimCse.Core.Evaluation.Transfer;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Evaluation.Transfer;

public sealed class TransferTasksTests : IDisposable
{
    const int Examples = 12;

    static readonly string[] Names = ["mr", "cr", "subj", "mpqa", "sst2", "trec", "mrpc"];

    readonly TransferFolder _folder = new TransferFolder(seed: 31).WriteAll(2 * Examples);

    public void Dispose() => _folder.Dispose();

    void AssertRefused(params string[] named)
    {
        string message = Assert.Throws<InvalidInputException>(() => TransferTasks.Read(_folder.Path)).Message;
        Assert.All(named, part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    [Fact]
    public void All_tasks_are_read_in_SentEvals_order()
    {
        IReadOnlyList<TransferTask> tasks = TransferTasks.Read(_folder.Path);
        Assert.Equal(Names, tasks.Select(task => task.Name));
        Assert.All(tasks.Take(4), task => Assert.Equal((0, 0), (task.Dev.Length, task.Test.Length)));
        Assert.Equal([51, 51, 48, 51, 48, 72, 48], tasks.Select(task => task.Train.Length));
        Assert.Equal([48, 72, 48], tasks.Skip(4).Select(task => task.Test.Length));
        Assert.Equal([48, 0, 0], tasks.Skip(4).Select(task => task.Dev.Length));
    }

    [Fact]
    public void Tasks_that_are_absent_are_left_out()
    {
        foreach (string name in new[] { "MR", "SUBJ", "SST", "MRPC" })
            Directory.Delete(_folder.In(name), recursive: true);
        Assert.Equal(["cr", "mpqa", "trec"], TransferTasks.Read(_folder.Path).Select(task => task.Name));
    }

    [Fact]
    public void The_tasks_may_be_in_a_folder_downstream()
    {
        Directory.CreateDirectory(_folder.In("downstream"));
        Directory.Move(_folder.In("CR"), _folder.In("downstream", "CR"));
        Assert.Equal(["cr"], TransferTasks.Read(_folder.Path).Select(task => task.Name));
    }

    [Fact]
    public void A_folder_without_a_task_is_refused()
    {
        foreach (string folder in Directory.GetDirectories(_folder.Path)) Directory.Delete(folder, recursive: true);
        AssertRefused(_folder.Path, "no transfer task", "MR, CR, SUBJ, MPQA, SST/binary, TREC, MRPC");
    }

    [Fact]
    public void A_folder_that_does_not_exist_is_named()
    {
        string path = _folder.In("nowhere");
        string message = Assert.Throws<InvalidInputException>(() => TransferTasks.Read(path)).Message;
        Assert.Contains(path, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mr", "MR/rt-polarity.pos")]
    [InlineData("mr", "MR/rt-polarity.neg")]
    [InlineData("cr", "CR/custrev.pos")]
    [InlineData("cr", "CR/custrev.neg")]
    [InlineData("subj", "SUBJ/subj.objective")]
    [InlineData("subj", "SUBJ/subj.subjective")]
    [InlineData("mpqa", "MPQA/mpqa.pos")]
    [InlineData("mpqa", "MPQA/mpqa.neg")]
    [InlineData("sst2", "SST/binary/sentiment-train")]
    [InlineData("sst2", "SST/binary/sentiment-dev")]
    [InlineData("sst2", "SST/binary/sentiment-test")]
    [InlineData("trec", "TREC/train_5500.label")]
    [InlineData("trec", "TREC/TREC_10.label")]
    [InlineData("mrpc", "MRPC/msr_paraphrase_train.txt")]
    [InlineData("mrpc", "MRPC/msr_paraphrase_test.txt")]
    public void A_missing_file_of_a_task_that_is_present_is_named(string name, string file)
    {
        File.Delete(_folder.In(file));
        AssertRefused($"{_folder.In(file)}: no such file", $"{name} is incomplete");
    }

    [Fact]
    public void Files_that_are_missing_together_are_named_together()
    {
        File.Delete(_folder.In("CR/custrev.pos"));
        File.Delete(_folder.In("CR/custrev.neg"));
        AssertRefused("custrev.pos, ", "custrev.neg: no such file");
    }

    [Theory]
    [InlineData("MR/rt-polarity.pos")]
    [InlineData("SUBJ/subj.subjective")]
    public void A_class_with_fewer_examples_than_folds_is_refused(string file)
    {
        _folder.Write(file, _folder.Sentences(9, 1));
        AssertRefused($"{_folder.In(file)}: found 9 examples, expected at least 10");
    }

    [Theory]
    [InlineData("TREC/train_5500.label", "found 9 examples of class LOC, expected at least 10", "LOC:city Where?", 9)]
    [InlineData("TREC/train_5500.label", "found examples of 1 classes, expected at least 2", "HUM:ind Who?", 10)]
    [InlineData("SST/binary/sentiment-train", "found examples of 1 classes, expected at least 2", "bad\t0", 10)]
    [InlineData("SST/binary/sentiment-train", "found examples of 0 classes, expected at least 2", "", 1)]
    [InlineData("SST/binary/sentiment-dev", "found no examples", "", 1)]
    [InlineData("MRPC/msr_paraphrase_test.txt", "found no examples", "header", 1)]
    public void Too_few_examples_are_refused(string file, string problem, string line, int count)
    {
        IEnumerable<string> lines = Enumerable.Repeat(line, count);
        IEnumerable<string> others = line.StartsWith("LOC", StringComparison.Ordinal)
            ? Enumerable.Repeat("HUM:ind Who?", 10) : [];
        _folder.Write(file, [.. lines, .. others]);
        AssertRefused(_folder.In(file), problem);
    }

    [Theory]
    [InlineData("SST/binary/sentiment-train", "no tab", "found 1 fields, expected 2")]
    [InlineData("SST/binary/sentiment-dev", "a\tb\t1", "found 3 fields, expected 2")]
    [InlineData("SST/binary/sentiment-test", "a\t2", "found class '2', expected 0 or 1")]
    [InlineData("TREC/train_5500.label", "NUM What?", "found NUM What?, expected TYPE:subtype question")]
    [InlineData("TREC/train_5500.label", "NUM:count", "found NUM:count, expected TYPE:subtype question")]
    [InlineData("TREC/TREC_10.label", "num:count How many?", "found type 'num', expected ABBR, DESC")]
    [InlineData("MRPC/msr_paraphrase_train.txt", "1\t2\t3\tfour", "found 4 fields, expected 5")]
    [InlineData("MRPC/msr_paraphrase_test.txt", "yes\t2\t3\tfour\tfive", "found class 'yes', expected 0 or 1")]
    public void A_line_that_is_not_valid_is_named(string file, string line, string problem)
    {
        string[] lines = File.ReadAllLines(_folder.In(file));
        lines[4] = line;
        File.WriteAllLines(_folder.In(file), lines);
        AssertRefused($"{_folder.In(file)}, line 5: {problem}");
    }

    [Fact]
    public void Sentences_are_trimmed_and_blank_lines_are_no_examples()
    {
        File.WriteAllText(
            _folder.In("CR", "custrev.pos"), "\uFEFF the \"cat\"\tsees . \r\n\r\n\u0085x\vy\n  \n" + Lines("a", 9));
        TransferTask task = _folder.Read("cr");
        Assert.Equal(["the \"cat\"\tsees .", "x\vy", "a0"], task.Train.Take(3).Select(example => example.Text));
        Assert.Equal([1, 3, 5], task.Train.Take(3).Select(example => example.Line));
        Assert.Equal(["1", "0"], task.Train.Select(example => example.Label).Distinct());
    }

    [Fact]
    public void Lines_are_parsed_into_text_and_class()
    {
        _folder.Write("SST/binary/sentiment-dev", "a fine film \t1", "no : \"no\"\t0");
        _folder.Write("TREC/TREC_10.label", "NUM:count How many : x ?", "ABBR:exp What ?");
        _folder.Write("MRPC/msr_paraphrase_test.txt", "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String", "1\t2\t3\t\"a\tc");
        Assert.Equal(
            [("a fine film", "1"), ("no : \"no\"", "0")], _folder.Read("sst2").Dev.Select(e => (e.Text, e.Label)));
        Assert.Equal(
            [("How many : x ?", "NUM"), ("What ?", "ABBR")], _folder.Read("trec").Test.Select(e => (e.Text, e.Label)));
        Assert.Equal(
            [("\"a", "c", "1", 2)], _folder.Read("mrpc").Test.Select(e => (e.Text, e.Other, e.Label, e.Line)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Files_are_read_as_Utf8_and_as_Latin1_where_they_are_not(bool isLatin1)
    {
        Encoding encoding = isLatin1 ? Encoding.Latin1 : new UTF8Encoding(false);
        File.WriteAllText(_folder.In("MR", "rt-polarity.pos"), "un café cliché\n" + Lines("a", 9), encoding);
        Assert.Equal("un café cliché", _folder.Read("mr").Train[0].Text);
    }

    static string Lines(string text, int count) =>
        string.Concat(Enumerable.Range(0, count).Select(i => $"{text}{i}\n"));
}
