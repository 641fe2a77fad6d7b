using EsimCse.Core;
using EsimCse.Core.Evaluation;

namespace EsimCse.Tests.Evaluation;

public sealed class StsSetsTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("esimcse-sts-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    void Write(string path, params string[] lines)
    {
        string target = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.WriteAllLines(target, lines);
    }

    void AssertRefused(string set, params string[] named)
    {
        string message = Assert.Throws<InvalidInputException>(() => StsSets.Read(_folder, set)).Message;
        Assert.All(named, part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("stsb-dev", "stsb/sts-dev.csv")]
    [InlineData("stsb-test", "stsb/sts-test.csv")]
    public void The_STS_benchmark_is_tab_separated_without_a_header(string set, string path)
    {
        Write(path, "news\tMSR\t2012\t0001\t4.750\ta \"cat\"\tthe cat\textra", "news\tMSR\t2012\t0002\t0\tx\ty, z");
        Assert.Equal([new("a \"cat\"", "the cat", 4.75), new("x", "y, z", 0)], StsSets.Read(_folder, set));
    }

    [Fact]
    public void Sick_is_tab_separated_with_a_header()
    {
        Write(
            "sick/SICK_test_annotated.txt",
            "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment",
            "6\ta cat\ta dog\t3.3\tNEUTRAL");
        Assert.Equal([new("a cat", "a dog", 3.3)], StsSets.Read(_folder, "sick"));
    }

    [Fact]
    public void A_year_is_one_list_of_all_its_scored_pairs()
    {
        Write("senteval/STS13-en-test/STS.input.b.txt", "e\tf");
        Write("senteval/STS13-en-test/STS.gs.b.txt", "1.5");
        Write("senteval/STS13-en-test/STS.input.a.txt", "a\tb", "not\tscored", "c\td\tsource");
        Write("senteval/STS13-en-test/STS.gs.a.txt", "5", "", "2");
        Assert.Equal([new("a", "b", 5), new("c", "d", 2), new("e", "f", 1.5)], StsSets.Read(_folder, "sts13"));
    }

    [Fact]
    public void Every_set_that_is_missing_is_named()
    {
        foreach (string set in StsSets.Names) AssertRefused(set, _folder, $"set {set} is missing");
        Write("stsb/sts-dev.csv");
        AssertRefused("stsb-dev", "sts-dev.csv", "no scored pairs", "set stsb-dev is missing");
    }

    [Theory]
    [InlineData("a\tb\tc\td\t1\tx", "line 2", "found 6 fields, expected at least 7")]
    [InlineData("a\tb\tc\td\t1,5\tx\ty", "line 2", "score '1,5'")]
    [InlineData("a\tb\tc\td\tnan\tx\ty", "line 2", "score 'nan'")]
    public void A_line_of_a_table_that_is_not_valid_is_named(string line, params string[] named)
    {
        Write("stsb/sts-dev.csv", "a\tb\tc\td\t1\tx\ty", line);
        AssertRefused("stsb-dev", ["sts-dev.csv", .. named]);
    }

    [Theory]
    [InlineData("a\tb", "1\n2", "STS.gs.a.txt", "found 2 scores, expected 1")]
    [InlineData("a\tb\nalone", "1\n2", "STS.input.a.txt, line 2", "found 1 sentence, expected 2")]
    [InlineData("a\tb", "much", "STS.gs.a.txt, line 1", "score 'much'")]
    public void A_line_of_a_year_that_is_not_valid_is_named(string input, string gold, params string[] named)
    {
        Write("senteval/STS12-en-test/STS.input.a.txt", input);
        Write("senteval/STS12-en-test/STS.gs.a.txt", gold);
        AssertRefused("sts12", named);
    }

    [Fact]
    public void An_unknown_set_is_refused() =>
        Assert.Throws<ArgumentException>(() => StsSets.Read(_folder, "sts11"));
}
