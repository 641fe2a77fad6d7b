using EsimCse.Core.Files;

namespace EsimCse.Core.Training;

/// <summary>Refuses a run whose output would replace or delete what it reads.</summary>
static class OutputConflict
{
    /// <summary>Checks a job against the files that are in its output folder now.</summary>
    /// <exception cref="UsageException">An input is among those that the run replaces.</exception>
    public static void Check(TrainingJob job, TrainingSource source)
    {
        if (source.Weights is { } weights && FileIdentity.AreSame(weights, job.Output)) throw StartsFrom(job.Output);
        string[] replaced = [.. RunFolder.Names.Select(name => Path.Combine(job.Output, name)).Where(Path.Exists)];
        foreach ((string option, string input) in Inputs(job, source))
            foreach (string path in replaced)
                if (FileIdentity.Contains(path, input)) throw Replaced(option, input, path);
    }

    public static UsageException StartsFrom(string output) =>
        new($"{output}: training starts from this model, expected another folder");

    static IEnumerable<(string Option, string Path)> Inputs(TrainingJob job, TrainingSource source)
    {
        foreach (string file in job.Data) yield return ("--data", file);
        if (job.EvaluationData is not null)
            yield return ("--eval-data", Path.Combine(job.EvaluationData, "stsb", "sts-dev.csv"));
        if (source.Weights is null) yield return ("--from-scratch", source.ConfigPath);
        else yield return ("MODEL", source.Weights);
    }

    static UsageException Replaced(string option, string input, string path) =>
        new($"{option} {input}: the run would replace {path}, expected another --output");
}
