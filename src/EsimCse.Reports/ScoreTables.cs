using System.Globalization;
using System.Xml.Linq;
using EsimCse.Core.Evaluation;

namespace EsimCse.Reports;

/// <summary>The tables of the report: groups, runs, and the settings of all runs.</summary>
static class ScoreTables
{
    /// <summary>The scores of an evaluation: the column's name, the score, its format and its scale.</summary>
    static readonly (string Name, Func<DevEvaluation, double> Score, string Format, double Scale)[] Scores =
    [
        ("#STS-B dev × 100", scores => scores.Spearman, "F2", 100),
        ("#near × 100", scores => scores.NearSpearman, "F2", 100),
        ("#far × 100", scores => scores.FarSpearman, "F2", 100),
        ("#cosine near", scores => scores.NearMeanCosine, "F4", 1),
        ("#cosine far", scores => scores.FarMeanCosine, "F4", 1),
        ("#alignment", scores => scores.Alignment, "F4", 1),
        ("#uniformity", scores => scores.Uniformity, "F4", 1),
    ];

    /// <summary>Returns the table of groups, with means and deviations over their seeds.</summary>
    public static XElement Groups(IReadOnlyList<RunGroup> groups)
    {
        string[] settings = [.. groups[0].Settings.Select(setting => setting.Key)];
        HtmlTable table = new(
            "Mean and sample standard deviation over seeds; near and far: pairs whose lengths differ by at most 3 " +
            "tokens, and the others",
            ["group", .. settings, "#runs", .. Scores.Select(score => score.Name)]);
        foreach (RunGroup group in groups)
            table.Add(
                Number(group.Number),
                [
                    .. group.Settings.Select(setting => HtmlTable.Text(PageText.Clean(setting.Value))),
                    HtmlTable.Exact(group.Runs.Count),
                    .. Scores.Select(score => HtmlTable.Rounded(group.Score(score.Score), score.Format, score.Scale)),
                ]);
        return Section("scores", "Scores", table.ToElement());
    }

    /// <summary>Returns the table of speeds, for the section of speed.</summary>
    public static XElement Speed(IReadOnlyList<RunGroup> groups)
    {
        HtmlTable table = new(
            "Sentences per second: the mean of each run's steps; then mean and sample standard deviation over seeds",
            ["group", "#sentences/s"]);
        foreach (RunGroup group in groups)
        {
            IEnumerable<double> rates = group.Runs.Select(
                run => Statistic.From(run.Metrics.Steps.Select(step => step.Metrics.SentencesPerSecond)).Mean);
            table.Add(Number(group.Number), HtmlTable.Rounded(Statistic.From(rates), "F0"));
        }
        return table.ToElement();
    }

    /// <summary>Returns the table of runs.</summary>
    public static XElement Runs(IReadOnlyList<RunGroup> groups)
    {
        HtmlTable table = new(
            "Every run: the step of the model that it keeps, its scores, and the loss of the last step",
            ["run", "#group", "#seed", "#steps", "#kept step", .. Scores.Select(score => score.Name), "#last loss"]);
        foreach (RunGroup group in groups)
            foreach (TrainingRun run in group.Runs) table.Add(PageText.Clean(run.Name), Cells(group, run));
        return Section("runs", "Runs", table.ToElement());
    }

    /// <summary>Returns the settings that all runs share; those that differ are in the table of groups.</summary>
    public static XElement Settings(IReadOnlyList<RunGroup> groups)
    {
        HtmlTable table = new("Settings that all runs share", ["setting", "value"]);
        HashSet<string> differing = [.. groups[0].Settings.Select(setting => setting.Key)];
        foreach ((string name, string value) in groups[0].Runs[0].Settings)
            if (!differing.Contains(name)) table.Add(PageText.Clean(name), HtmlTable.Text(PageText.Clean(value)));
        return Section("settings", "Settings", table.ToElement());
    }

    static IEnumerable<XElement> Cells(RunGroup group, TrainingRun run)
    {
        (int Step, DevEvaluation Scores)? best = run.Metrics.Best;
        bool isDone = run.StepsDone == run.Description.Steps;
        string steps = isDone ? Number(run.StepsDone) : $"{Number(run.StepsDone)} of {Number(run.Description.Steps)}";
        yield return HtmlTable.Exact(group.Number);
        yield return HtmlTable.Text(PageText.Clean(run.Seed));
        yield return HtmlTable.Text(steps);
        yield return HtmlTable.Exact(best?.Step ?? double.NaN);
        foreach ((_, Func<DevEvaluation, double> score, string format, double scale) in Scores)
            yield return HtmlTable.Rounded(best is null ? double.NaN : score(best.Value.Scores), format, scale);
        double loss = run.Metrics.Steps.Count > 0 ? run.Metrics.Steps[^1].Metrics.Loss : double.NaN;
        yield return HtmlTable.Rounded(loss, "F4");
    }

    static XElement Section(string id, string title, XElement content) =>
        new("section", new XAttribute("id", id), new XElement("h2", title), content);

    static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
