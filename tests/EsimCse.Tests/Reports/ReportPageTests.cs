using EsimCse.Core;
using EsimCse.Reports;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Reports;

public sealed class ReportPageTests : IDisposable
{
    /// <summary>Rounding of sums in another order.</summary>
    const double Tolerance = 1e-12;

    readonly RunFiles _runs = new();

    public void Dispose() => _runs.Dispose();

    string Page(params string[] folders)
    {
        string path = _runs.In("report.html");
        ReportPage.Write(folders.Length > 0 ? folders : [_runs.Folder], path);
        return File.ReadAllText(path);
    }

    void AddGrid(int steps = 30)
    {
        foreach (string queue in new[] { "160", "0", "40" })
            foreach (string seed in new[] { "10", "9" })
                _runs.Add($"queue-size={queue},seed={seed}", Options(("queue-size", queue), ("seed", seed)), steps);
    }

    static Dictionary<string, string> Options(params (string Name, string Value)[] options) =>
        options.ToDictionary(option => option.Name, option => option.Value);

    /// <summary>The runs in the order of the report: groups by queue size, then by seed.</summary>
    static readonly string[] InOrder =
    [
        "queue-size=0,seed=9", "queue-size=0,seed=10", "queue-size=40,seed=9", "queue-size=40,seed=10",
        "queue-size=160,seed=9", "queue-size=160,seed=10",
    ];

    [Theory]
    [InlineData("Loss: loss by step", "loss", "loss")]
    [InlineData("Learning rate: learning rate by step", "learning-rate", "learning_rate")]
    [InlineData("Sentences per second: sentences/s by step", "sentences-per-second", "sentences_per_second")]
    [InlineData("STS-B dev: Spearman by step", "dev", "stsb_dev")]
    public void Lines_and_their_tables_are_the_numbers_of_the_metrics(string caption, string picture, string metric)
    {
        AddGrid();
        PageReader page = new(Page());
        Assert.Equal(["step", .. InOrder], page.Columns(caption));
        string[][] table = page.Table(caption);
        (double X, double Y)[][] lines = page.Lines(picture);
        (double x, double y) = page.Resolution(picture);
        Assert.Equal(InOrder.Length, lines.Length);
        for (int run = 0; run < InOrder.Length; run++)
        {
            (double Step, double Value)[] expected = _runs.Read(InOrder[run], metric);
            Assert.Equal(expected, table.Select(row => (Numbers.Parse(row[0]), Numbers.Parse(row[run + 1]))));
            Assert.Equal(expected.Length, lines[run].Length);
            foreach (((double Step, double Value) wanted, (double X, double Y) drawn) in expected.Zip(lines[run]))
            {
                Assert.Equal(wanted.Step, drawn.X, x);
                Assert.Equal(wanted.Value, drawn.Y, y);
            }
        }
    }

    [Fact]
    public void Long_runs_are_drawn_by_means_of_several_steps()
    {
        _runs.Add("long", Options(), steps: 205);
        PageReader page = new(Page());
        (double Step, double Value)[] losses = _runs.Read("long", "loss");
        string[][] table = page.Table("Loss: loss by step");
        Assert.Equal(103, table.Length);
        for (int i = 0; i < table.Length; i++)
        {
            (double Step, double Value)[] two = losses[(2 * i)..Math.Min(2 * i + 2, losses.Length)];
            Assert.Equal(two[^1].Step, Numbers.Parse(table[i][0]));
            Assert.Equal(two.Sum(at => at.Value) / two.Length, Numbers.Parse(table[i][1]), Tolerance);
        }
    }

    [Fact]
    public void Groups_have_means_and_deviations_over_their_seeds()
    {
        AddGrid();
        PageReader page = new(Page());
        string[] names =
        [
            "stsb_dev", "near_spearman", "far_spearman", "near_mean_cosine", "far_mean_cosine", "alignment",
            "uniformity",
        ];
        for (int group = 0; group < 3; group++)
        {
            string[] runs = InOrder[(2 * group)..(2 * group + 2)];
            List<double> expected = [];
            foreach (string name in names)
            {
                double[] scores = [.. runs.Select(run => Best(run, name))];
                double mean = (scores[0] + scores[1]) / 2;
                // Of two numbers: their distance over √2.
                expected.AddRange([mean, Math.Abs(scores[0] - scores[1]) / Math.Sqrt(2)]);
            }
            double[] found = page.Values("Mean and sample", $"{group + 1}");
            Assert.Equal(expected.Count, found.Length);
            Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, Tolerance));
            foreach (string run in runs)
                Assert.Equal([.. names.Select(name => Best(run, name)), _runs.Read(run, "loss")[^1].Value],
                    page.Values("Every run", run));
        }
    }

    /// <summary>Returns a score of the first evaluation with the best Spearman.</summary>
    double Best(string run, string name)
    {
        (double Step, double Value)[] dev = _runs.Read(run, "stsb_dev");
        double best = dev.Max(at => at.Value);
        double step = dev.First(at => at.Value == best).Step;
        return _runs.Read(run, name).Single(at => at.Step == step).Value;
    }

    [Fact]
    public void Length_bias_and_geometry_are_drawn_from_the_kept_models()
    {
        AddGrid();
        PageReader page = new(Page());
        double[] near = [.. InOrder.Select(run => Best(run, "near_spearman"))];
        double[] far = [.. InOrder.Select(run => Best(run, "far_spearman"))];
        double[] means =
            [.. Enumerable.Range(0, 3).SelectMany(i => new[] { near, far }.Select(s => (s[2 * i] + s[2 * i + 1]) / 2))];
        double[] bars = page.Bars("length-bias");
        double resolution = page.Resolution("length-bias").Y;
        Assert.Equal(means.Length, bars.Length);
        Assert.All(means.Zip(bars), pair => Assert.Equal(pair.First, pair.Second, resolution));

        (double x, double y) = page.Resolution("geometry");
        (double X, double Y)[] points = page.Points("geometry");
        Assert.Equal(InOrder.Length, points.Length);
        for (int i = 0; i < points.Length; i++)
        {
            Assert.Equal(Best(InOrder[i], "uniformity"), points[i].X, x);
            Assert.Equal(Best(InOrder[i], "alignment"), points[i].Y, y);
        }
    }

    [Fact]
    public void Settings_that_differ_are_columns_and_the_others_are_listed_once()
    {
        AddGrid();
        _runs.Add("more-checkpoints", Options(("queue-size", "0"), ("seed", "11"), ("save-every", "7")));
        PageReader page = new(Page());
        string[][] groups = page.Table("Mean and sample");
        Assert.Equal(["group", "queue-size", "runs"], page.Columns("Mean and sample")[..3]);
        Assert.Equal([["1", "0", "3"], ["2", "40", "2"], ["3", "160", "2"]], groups.Select(row => row[..3]));
        string[][] shared = page.Table("Settings that all runs share");
        Assert.Contains(shared, row => row[0] == "repetition" && row[1] == "subword");
        Assert.DoesNotContain(shared, row => row[0] is "queue-size" or "seed" or "save-every");
    }

    [Fact]
    public void A_page_loads_nothing_and_is_the_same_every_time()
    {
        AddGrid();
        string page = Page();
        foreach (string loading in new[] { "<script", "src=", "http:", "https:", "url(", "@import", "<iframe" })
            Assert.DoesNotContain(loading, page, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(page, Page());
        Assert.Equal(page, Page([.. InOrder.Reverse().Select(run => _runs.In(run))]));
        Assert.Empty(Directory.GetFiles(_runs.Folder, "*tmp*"));
    }

    [Fact]
    public void Names_are_text_whatever_their_characters()
    {
        const string name = "<b>&amp;\"'\u0001";
        _runs.Add(name, Options(("repetition", "</style>")));
        _runs.Add("plain", Options());
        string page = Page();
        Assert.DoesNotContain("<b>", page, StringComparison.Ordinal);
        IEnumerable<string> names = new PageReader(page).Table("Every run").Select(row => row[0]);
        Assert.Contains(name.Replace('\u0001', '\uFFFD'), names);
    }

    [Fact]
    public void A_run_without_evaluations_has_its_steps_only()
    {
        _runs.Add("run", Options());
        string metrics = _runs.In("run", "metrics.jsonl");
        File.WriteAllLines(metrics, File.ReadAllLines(metrics).Where(line => !line.Contains("stsb_dev")));
        string page = Page();
        Assert.Contains("id=\"loss-title\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("id=\"dev-title\"", page, StringComparison.Ordinal);
        File.WriteAllText(metrics, "");
        Assert.Equal("0 of 30", new PageReader(Page()).Table("Every run").Single()[3]);
    }

    [Theory]
    [InlineData("metrics.jsonl", "{\"step\":31,\"loss\":1")]
    [InlineData("metrics.jsonl", "{\"step\":31,\"loss\":1}")]
    [InlineData("metrics.jsonl", "{\"step\":30,\"loss\":1}")]
    [InlineData("metrics.jsonl", "[]")]
    [InlineData("metrics.jsonl", "{\"step\":31}")]
    [InlineData("metrics.jsonl", "{\"step\":\"31\",\"stsb_dev\":1,\"alignment\":1,\"uniformity\":1}")]
    [InlineData("run.json", "{}")]
    [InlineData("run.json", null)]
    public void A_broken_file_is_named_with_its_line(string file, string? text)
    {
        AddGrid();
        string path = _runs.In(InOrder[2], file);
        int lines = File.ReadAllLines(path).Length;
        bool isAppended = file == "metrics.jsonl";
        if (text is null) File.Delete(path);
        else if (isAppended) File.AppendAllText(path, text + "\n");
        else File.WriteAllText(path, text);
        string message = Assert.Throws<InvalidInputException>(() => Page()).Message;
        Assert.StartsWith(isAppended ? $"{path}({lines + 1}): found " : path + ": ", message, StringComparison.Ordinal);
        Assert.False(File.Exists(_runs.In("report.html")));
    }

    [Fact]
    public void A_folder_without_runs_is_refused()
    {
        Directory.CreateDirectory(_runs.In("empty"));
        Assert.Contains("found no run", Assert.Throws<InvalidInputException>(() => Page(_runs.In("empty"))).Message);
        Assert.Contains("no such folder", Assert.Throws<InvalidInputException>(() => Page(_runs.In("none"))).Message);
    }

    [Fact]
    public void A_run_named_twice_counts_once_and_equal_names_are_told_apart()
    {
        _runs.Add("a/run", Options());
        _runs.Add("b/run", Options(("seed", "2")));
        string[][] rows = new PageReader(Page(_runs.In("a"), _runs.In("a", "run"), _runs.In("b"))).Table("Every run");
        Assert.Equal([_runs.In("a", "run"), _runs.In("b", "run")], rows.Select(row => row[0]));
    }
}
