using System.Globalization;
using System.Xml.Linq;
using EsimCse.Core.Training;
using EsimCse.Reports.Drawing;

namespace EsimCse.Reports;

/// <summary>The pictures of the report, each with a table of its numbers.</summary>
static class ReportPictures
{
    /// <summary>Steps beyond which a line is drawn through means of several steps.</summary>
    const int MaxPoints = 200;

    /// <summary>Returns the colours of the groups.</summary>
    public static XElement Legend(IReadOnlyList<RunGroup> groups) =>
        LegendOf(groups.Select(group => ($"{group.Number}: {PageText.Clean(group.Label)}", group.Number - 1)));

    /// <summary>Returns all pictures but that of speed.</summary>
    public static XElement Create(IReadOnlyList<RunGroup> groups)
    {
        XElement pictures = new("div", new XAttribute("class", "pictures"));
        pictures.Add(StepPicture(
            "loss", groups, new("Loss", "Training loss over steps, a line for each run", "step", "loss"), m => m.Loss));
        if (groups.Any(group => group.Runs.Any(run => run.Metrics.Best is not null)))
            pictures.Add(Dev(groups), LengthBias(groups), Geometry(groups));
        pictures.Add(StepPicture(
            "learning-rate",
            groups,
            new("Learning rate", "Learning rate over steps, a line for each run", "step", "learning rate"),
            m => m.LearningRate));
        return pictures;
    }

    /// <summary>
    /// Returns table and picture of speed, which depends on the machine and its load, in a section of their own.
    /// </summary>
    public static XElement Speed(IReadOnlyList<RunGroup> groups) => new(
        "section",
        new XAttribute("id", "speed"),
        new XElement("h2", "Speed"),
        new XElement(
            "p", "Speed depends on the machine and its load. It alone differs when the same runs are repeated."),
        ScoreTables.Speed(groups),
        new XElement(
            "div",
            new XAttribute("class", "pictures"),
            StepPicture(
                "sentences-per-second",
                groups,
                new("Sentences per second", "Speed over steps, a line for each run", "step", "sentences/s"),
                m => m.SentencesPerSecond)));

    static XElement StepPicture(
        string id, IReadOnlyList<RunGroup> groups, ChartNames names, Func<StepMetrics, double> value)
    {
        int longest = groups.SelectMany(group => group.Runs).Max(run => run.Metrics.Steps.Count);
        int stepsPerPoint = Math.Max(1, (longest + MaxPoints - 1) / MaxPoints);
        Series[] series = Lines(groups, run => run.Metrics.Steps.Select(at => ((double)at.Step, value(at.Metrics))));
        series = [.. series.Select(line => line.Thin(stepsPerPoint))];
        string caption = stepsPerPoint == 1
            ? names.Description + "."
            : $"{names.Description}; each point is the mean of {stepsPerPoint} steps, at the last of them.";
        return Figure(names, LineChart.Draw(id, names, series), caption, Numbers(names, series));
    }

    static XElement Dev(IReadOnlyList<RunGroup> groups)
    {
        ChartNames names = new(
            "STS-B dev", "Spearman's correlation on the dev set of the STS benchmark over steps", "step", "Spearman");
        Series[] series =
            Lines(groups, run => run.Metrics.Evaluations.Select(at => ((double)at.Step, at.Scores.Spearman)));
        return Figure(
            names, LineChart.Draw("dev", names, series, mark: true), names.Description + ".", Numbers(names, series));
    }

    static XElement Geometry(IReadOnlyList<RunGroup> groups)
    {
        ChartNames names = new(
            "Alignment and uniformity",
            "Alignment and uniformity of the dev set's vectors; lower is better for both",
            "uniformity",
            "alignment");
        Series[] series = Lines(groups, run => run.Metrics.Best is { } best
            ? [(best.Scores.Uniformity, best.Scores.Alignment)]
            : []);
        return Figure(
            names,
            LineChart.Draw("geometry", names, series, line: false, mark: true),
            names.Description + ". A point for each run.",
            Numbers(names, series));
    }

    static XElement LengthBias(IReadOnlyList<RunGroup> groups)
    {
        const string near = "lengths at most 3 tokens apart", far = "lengths further apart";
        ChartNames names = new(
            "Length bias",
            "Spearman of dev pairs of similar and of different lengths, mean and deviation over seeds",
            "group",
            "Spearman");
        Statistic[] nearScores = [.. groups.Select(group => group.Score(scores => scores.NearSpearman))];
        Statistic[] farScores = [.. groups.Select(group => group.Score(scores => scores.FarSpearman))];
        string[] categories = [.. groups.Select(group => $"{group.Number}")];
        HtmlTable table = new(names.Title, [names.X, "#near", "#deviation", "#far", "#deviation"]);
        for (int i = 0; i < categories.Length; i++)
        {
            IEnumerable<double> numbers =
                [nearScores[i].Mean, nearScores[i].Deviation, farScores[i].Mean, farScores[i].Deviation];
            table.Add(categories[i], numbers.Select(HtmlTable.Exact));
        }
        XElement chart = BarChart.Draw("length-bias", names, categories, [(near, nearScores), (far, farScores)]);
        return Figure(names, chart, names.Description + ".", table, LegendOf([(near, 0), (far, 1)]));
    }

    /// <summary>Returns a series for each run, in its group's style.</summary>
    static Series[] Lines(
        IReadOnlyList<RunGroup> groups, Func<TrainingRun, IEnumerable<(double X, double Y)>> points) =>
    [
        .. groups.SelectMany(group => group.Runs.Select(
            run => new Series(PageText.Clean(run.Name), group.Number - 1, [.. points(run)]))),
    ];

    /// <summary>Returns the table of a picture's numbers: a row for each x, a column for each series.</summary>
    static HtmlTable Numbers(ChartNames names, Series[] series)
    {
        HtmlTable table = new($"{names.Title}: {names.Y} by {names.X}", [names.X, .. series.Select(s => "#" + s.Name)]);
        Dictionary<double, double>[] columns = [.. series.Select(one => YByX(one.Points))];
        foreach (double x in columns.SelectMany(column => column.Keys).Distinct().Order())
            table.Add(
                x.ToString("R", CultureInfo.InvariantCulture),
                columns.Select(column => HtmlTable.Exact(column.GetValueOrDefault(x, double.NaN))));
        return table;

        static Dictionary<double, double> YByX(IEnumerable<(double X, double Y)> points) =>
            points.Where(point => double.IsFinite(point.X)).ToDictionary(point => point.X, point => point.Y);
    }

    static XElement Figure(
        ChartNames names, XElement chart, string caption, HtmlTable numbers, XElement? legend = null) =>
        new(
            "figure",
            new XElement("h3", names.Title),
            legend,
            chart,
            new XElement("figcaption", caption),
            new XElement("details", new XElement("summary", "The numbers of this picture"), numbers.ToElement()));

    static XElement LegendOf(IEnumerable<(string Text, int Style)> entries) => new(
        "ul",
        new XAttribute("class", "legend"),
        entries.Select(entry => new XElement(
            "li",
            new XElement(
                "svg",
                new XAttribute("viewBox", "0 0 28 10"),
                new XAttribute("aria-hidden", "true"),
                new XElement(
                    "path",
                    new XAttribute("class", $"line {Series.ClassOf(entry.Style)}"),
                    new XAttribute("d", "M0 5H28"))),
            entry.Text)));
}
