using System.Globalization;
using System.Text.Json;

namespace EsimCse.Tests.Support;

/// <summary>Folders of runs with metrics that tests choose, written as plain text.</summary>
sealed class RunFiles : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("esimcse-runs-").FullName;

    public string In(params string[] parts) => Path.Combine([Folder, .. parts]);

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>Writes a run of random numbers, evaluated before the first and after every tenth step.</summary>
    /// <param name="name">The name of its folder.</param>
    /// <param name="options">Options in place of those that all runs have.</param>
    /// <param name="steps">The number of steps.</param>
    public void Add(string name, IReadOnlyDictionary<string, string> options, int steps = 30)
    {
        Dictionary<string, string> all = new() { ["queue-size"] = "160", ["repetition"] = "subword", ["seed"] = "1" };
        foreach ((string option, string value) in options) all[option] = value;
        Directory.CreateDirectory(In(name));
        File.WriteAllText(In(name, "run.json"), $$"""
            {
              "version": "0.1.0",
              "model": "small",
              "data": ["corpus.txt"],
              "sentences": 100,
              "steps": {{steps}},
              "options": {{JsonSerializer.Serialize(all)}},
              "inputs": {"--data": "0123456789abcdef"}
            }
            """);
        Random random = new(name.Length + 17 * steps + all.Values.Sum(value => value.Length));
        List<string> lines = [Evaluation(0, random)];
        for (int step = 1; step <= steps; step++)
        {
            lines.Add(Step(step, steps, random));
            if (step % 10 == 0) lines.Add(Evaluation(step, random));
        }
        File.WriteAllLines(In(name, "metrics.jsonl"), lines);
    }

    /// <summary>Returns a number of every line of a run that has it, with its step.</summary>
    public (double Step, double Value)[] Read(string run, string name) =>
    [
        .. from line in File.ReadLines(In(run, "metrics.jsonl"))
           let json = JsonDocument.Parse(line).RootElement
           where json.TryGetProperty(name, out _)
           select (json.GetProperty("step").GetDouble(), json.GetProperty(name).GetDouble()),
    ];

    static string Step(int step, int steps, Random random)
    {
        string loss = Text(3 * random.NextDouble()), norm = Text(random.NextDouble());
        string rate = Text(3e-5 * (1 - (step - 1.0) / steps)), speed = Text(500 + 100 * random.NextDouble());
        return $$"""{"step":{{step}},"loss":{{loss}},"learning_rate":{{rate}},"gradient_norm":{{norm}},""" +
            $"\"sentences_per_second\":{speed}}}";
    }

    static string Evaluation(int step, Random random)
    {
        string[] names =
            ["stsb_dev", "alignment", "near_spearman", "far_spearman", "near_mean_cosine", "far_mean_cosine"];
        IEnumerable<string> scores = names.Select(name => $"\"{name}\":{Text(random.NextDouble())}");
        return $"{{\"step\":{step},\"uniformity\":{Text(-4 * random.NextDouble())},{string.Join(',', scores)}}}";
    }

    static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture);
}
