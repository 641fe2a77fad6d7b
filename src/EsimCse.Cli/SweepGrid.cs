using EsimCse.Core;
using EsimCse.Core.Training;

namespace EsimCse.Cli;

/// <summary>The runs of a sweep: every combination of the values of some training options.</summary>
static class SweepGrid
{
    const string GridOption = "--grid", SeedsOption = "--seeds", SeedRow = "--seed";

    const string Syntax = "expected OPTION=VALUE,VALUE;OPTION=VALUE,VALUE";

    /// <summary>Returns the runs of a grid, the last option changing fastest.</summary>
    /// <param name="grid">The text <c>option=value,value;option=value,value</c>.</param>
    /// <param name="seeds">The text <c>seed,seed</c>; null for none.</param>
    /// <param name="common">The options of all runs.</param>
    /// <param name="given">The options that the command line sets for all runs.</param>
    /// <returns>For each run the name of its folder, and its options.</returns>
    /// <exception cref="UsageException">An option or a value is not known or not allowed.</exception>
    public static IReadOnlyList<(string Name, TrainingOptions Options)> Combine(
        string grid, string? seeds, TrainingOptions common, IEnumerable<string> given)
    {
        List<(TrainingOption Row, string[] Values)> axes =
            [.. Split(grid, ';', GridOption).Select(axis => ParseAxis(axis, common))];
        if (seeds is not null)
        {
            TrainingOption row = TrainingOptionTable.Rows.Single(row => row.Name == SeedRow);
            axes.Add((row, ParseValues(row, seeds, SeedsOption, common)));
        }
        CheckOnce(axes.Select(axis => axis.Row.Name), given);
        IEnumerable<(string Name, TrainingOptions Options)> runs = [("", common)];
        foreach ((TrainingOption row, string[] values) in axes)
            runs = runs.SelectMany(run => values.Select(value => Set(run, row, value)));
        (string Name, TrainingOptions Options)[] all = [.. runs];
        foreach ((_, TrainingOptions options) in all) options.Check();
        return all;
    }

    static (TrainingOption Row, string[] Values) ParseAxis(string axis, TrainingOptions common)
    {
        if (axis.Split('=') is not [{ } name, { } values])
            throw new UsageException($"{GridOption}: found {axis}, {Syntax}");
        string option = "--" + name.Trim();
        TrainingOption? row = TrainingOptionTable.Rows.FirstOrDefault(row => row.Name == option);
        if (row is not null) return (row, ParseValues(row, values, GridOption, common));
        string names = string.Join(", ", TrainingOptionTable.Rows.Select(known => known.Name.TrimStart('-')));
        throw new UsageException($"{GridOption}: found {name.Trim()}, expected one of {names}");
    }

    /// <summary>Returns values in the text form of their option: 3e-5 and 0.00003 are one value.</summary>
    static string[] ParseValues(TrainingOption row, string values, string option, TrainingOptions common)
    {
        string[] texts = [.. Split(values, ',', option).Select(text => row.Format(row.With(common, text))!)];
        string? twice = texts.FirstOrDefault(text => texts.Count(other => other == text) > 1);
        if (twice is null) return texts;
        throw new UsageException($"{option}: found {row.Name.TrimStart('-')} {twice} twice, expected once");
    }

    static string[] Split(string text, char separator, string option)
    {
        string[] parts = text.Split(separator, StringSplitOptions.TrimEntries);
        bool hasEmpty = parts.Any(part => part.Length == 0);
        return hasEmpty ? throw new UsageException($"{option}: found {text} with an empty part, {Syntax}") : parts;
    }

    static void CheckOnce(IEnumerable<string> swept, IEnumerable<string> given)
    {
        HashSet<string> seen = [.. given];
        foreach (string name in swept)
            if (!seen.Add(name))
                throw new UsageException($"{GridOption}: {name.TrimStart('-')} is set twice, expected once");
    }

    static (string Name, TrainingOptions Options) Set(
        (string Name, TrainingOptions Options) run, TrainingOption row, string value)
    {
        string setting = $"{row.Name.TrimStart('-')}={value}";
        string name = run.Name.Length == 0 ? setting : $"{run.Name},{setting}";
        return (name, row.With(run.Options, value));
    }
}
