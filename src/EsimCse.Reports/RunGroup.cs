using System.Globalization;
using EsimCse.Core.Evaluation;

namespace EsimCse.Reports;

/// <summary>Runs that differ in nothing but their seed.</summary>
/// <param name="Number">The number by which pictures and tables name the group, from 1.</param>
/// <param name="Settings">The values of the settings in which the groups differ.</param>
/// <param name="Runs">The runs, in the order of their seeds.</param>
sealed record RunGroup(
    int Number, IReadOnlyList<KeyValuePair<string, string>> Settings, IReadOnlyList<TrainingRun> Runs)
{
    /// <summary>The value of a setting that a run does not have.</summary>
    const string None = "–";

    /// <summary>The settings in which the group differs from others, in words.</summary>
    public string Label => Settings.Count == 0
        ? "all runs"
        : string.Join(", ", Settings.Select(setting => $"{setting.Key} {setting.Value}"));

    /// <summary>Computes mean and deviation of a score of the models that the runs keep.</summary>
    public Statistic Score(Func<DevEvaluation, double> score) =>
        Statistic.From(Runs.Select(run => run.Metrics.Best is { } best ? score(best.Scores) : double.NaN));

    /// <summary>Divides runs into groups, which are sorted by the settings in which they differ.</summary>
    public static IReadOnlyList<RunGroup> From(IReadOnlyList<TrainingRun> runs)
    {
        Dictionary<string, string>[] settings = [.. runs.Select(run => run.Settings.ToDictionary())];
        string[] names = [.. runs.SelectMany(run => run.Settings).Select(setting => setting.Key).Distinct()];
        string[] differing = [.. names.Where(name => settings.Select(of => Value(of, name)).Distinct().Count() > 1)];
        return
        [
            .. Enumerable.Range(0, runs.Count)
                .GroupBy(i => string.Join('\n', differing.Select(name => Value(settings[i], name))))
                .OrderBy(group => Values(group.First()), new ByValue())
                .Select((group, i) => new RunGroup(
                    i + 1,
                    [.. differing.Zip(Values(group.First()), KeyValuePair.Create)],
                    [.. group.Select(run => runs[run]).OrderBy(run => run.Seed, new ByNumber())])),
        ];

        string[] Values(int run) => [.. differing.Select(name => Value(settings[run], name))];

        static string Value(Dictionary<string, string> of, string name) => of.GetValueOrDefault(name, None);
    }

    /// <summary>The order of numbers by size, then of other texts.</summary>
    sealed class ByNumber : IComparer<string>
    {
        public int Compare(string? x, string? y)
        {
            int order = Number(x).CompareTo(Number(y));
            return order != 0 ? order : string.CompareOrdinal(x, y);
        }

        static double Number(string? text) => double.TryParse(text, CultureInfo.InvariantCulture, out double number)
            ? number
            : double.PositiveInfinity;
    }

    sealed class ByValue : IComparer<string[]>
    {
        static readonly ByNumber One = new();

        public int Compare(string[]? x, string[]? y) =>
            x!.Zip(y!, One.Compare).FirstOrDefault(order => order != 0);
    }
}
