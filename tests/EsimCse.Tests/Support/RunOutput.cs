using EsimCse.Core.Training;

namespace EsimCse.Tests.Support;

/// <summary>The files that a training run writes.</summary>
static class RunOutput
{
    public static byte[] Model(TrainingJob job) => File.ReadAllBytes(ModelPath(job));

    public static string ModelPath(TrainingJob job) => Path.Combine(job.Output, "model.safetensors");

    public static string Checkpoints(TrainingJob job) => Path.Combine(job.Output, "checkpoints");

    /// <summary>Returns every line of metrics.jsonl without its rate.</summary>
    public static string[] Metrics(TrainingJob job)
    {
        IEnumerable<string> lines = File.ReadLines(Path.Combine(job.Output, "metrics.jsonl"));
        return [.. lines.Select(line => line.Split(",\"sentences_per_second\"")[0])];
    }

    static string Read(TrainingJob job, string name) => File.ReadAllText(Path.Combine(job.Output, name));

    /// <summary>Asserts that two runs gave the same bytes.</summary>
    public static void AssertEqual(TrainingJob expected, TrainingJob actual)
    {
        Assert.Equal(Model(expected), Model(actual));
        Assert.Equal(Metrics(expected), Metrics(actual));
        foreach (string name in new[] { "run.json", "README.md" })
            Assert.Equal(Read(expected, name), Read(actual, name));
    }
}
