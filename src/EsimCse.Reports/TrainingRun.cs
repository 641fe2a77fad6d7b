using EsimCse.Core;
using EsimCse.Core.Training;

namespace EsimCse.Reports;

/// <summary>A training run as its folder describes it.</summary>
/// <param name="Name">The folder's name, or its path where two runs share a name.</param>
/// <param name="Description">Its run.json.</param>
/// <param name="Metrics">Its metrics.jsonl.</param>
sealed record TrainingRun(string Name, RunDescription Description, RunMetrics Metrics)
{
    const string SeedOption = "seed";

    /// <summary>The seed of its draws.</summary>
    public string Seed => Description.Options.FirstOrDefault(option => option.Key == SeedOption).Value ?? "";

    /// <summary>The steps done.</summary>
    public int StepsDone => Metrics.Steps.Count > 0 ? Metrics.Steps[^1].Step : 0;

    /// <summary>
    /// Everything that determines the result but the seed, by name: the model, the data, the options, the number of
    /// steps, and digests of the files.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>> Settings
    {
        get
        {
            IEnumerable<string> inert =
                TrainingOptionTable.Rows.Where(row => !row.ChangesResult).Select(row => row.Name.TrimStart('-'));
            HashSet<string> left = [SeedOption, .. inert];
            return
            [
                new("model", Description.Model),
                new("data", string.Join(", ", Description.Data)),
                .. Description.Options.Where(option => !left.Contains(option.Key)),
                new("steps", $"{Description.Steps}"),
                .. Description.Inputs.Select(
                    input => KeyValuePair.Create($"digest of {input.Key}", Start(input.Value))),
            ];
        }
    }

    /// <summary>Reads runs. Each folder is that of a run, or holds folders of runs.</summary>
    /// <exception cref="InvalidInputException">A folder holds no run, or a file of a run is not valid.</exception>
    public static IReadOnlyList<TrainingRun> ReadAll(IEnumerable<string> folders)
    {
        string[] paths = [.. folders.SelectMany(FindRuns).DistinctBy(Path.GetFullPath)];
        string[] names = [.. paths.Select(NameOf)];
        return [.. paths.Select((path, i) => Read(path, names.Count(name => name == names[i]) == 1 ? names[i] : path))];
    }

    static TrainingRun Read(string folder, string name) =>
        new(name, RunDescription.Read(folder), RunMetrics.Read(Path.Combine(folder, MetricsFile.Name)));

    static string Start(string digest) => digest[..Math.Min(8, digest.Length)];

    static IEnumerable<string> FindRuns(string folder)
    {
        if (!Directory.Exists(folder)) throw new InvalidInputException($"{folder}: no such folder");
        if (IsRun(folder)) return [folder];
        string[] runs = [.. Directory.GetDirectories(folder).Where(IsRun).Order(StringComparer.Ordinal)];
        if (runs.Length > 0) return runs;
        throw new InvalidInputException(
            $"{folder}: found no run, expected a folder with {RunDescription.Name} and {MetricsFile.Name}, or of such");
    }

    static bool IsRun(string folder) =>
        File.Exists(Path.Combine(folder, RunDescription.Name)) || File.Exists(Path.Combine(folder, MetricsFile.Name));

    static string NameOf(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
}
