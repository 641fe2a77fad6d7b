using System.Globalization;

namespace EsimCse.Bench.Compare;

/// <summary>The options of the command compare.</summary>
/// <param name="Data">The folder of models, sentences and pairs.</param>
/// <param name="Quick">Whether to do a part of the work only, to see that everything runs.</param>
/// <param name="Parts">The parts to do.</param>
/// <param name="Threads">The numbers of threads.</param>
/// <param name="Output">The file to write; null for that of this machine.</param>
/// <param name="WritesReadme">Whether the README's table is replaced.</param>
sealed record CompareOptions(
    string Data, bool Quick, string[] Parts, int[] Threads, string? Output, bool WritesReadme)
{
    const int FewRounds = 3;

    static readonly string[] AllParts = ["embedding", "training", "tokenizing"];

    public static CompareOptions Read(string[] arguments)
    {
        Dictionary<string, string> values = [];
        for (int i = 0; i < arguments.Length; i++)
        {
            bool isFlag = arguments[i] is "--quick" or "--readme";
            if (!isFlag && i + 1 == arguments.Length) throw new ArgumentException($"{arguments[i]}: expected a value");
            values[arguments[i]] = isFlag ? "" : arguments[++i];
        }
        string[] known = ["--data", "--quick", "--parts", "--threads", "--output", "--readme"];
        if (values.Keys.Except(known).FirstOrDefault() is { } unknown)
            throw new ArgumentException($"{unknown}: expected {string.Join(", ", known)}");
        string? data = values.GetValueOrDefault("--data") ?? Environment.GetEnvironmentVariable("ESIMCSE_DATA");
        if (data is null) throw new ArgumentException("expected --data FOLDER, or ESIMCSE_DATA in the environment");
        bool quick = values.ContainsKey("--quick");
        int[] threads = values.TryGetValue("--threads", out string? list)
            ? [.. list.Split(',').Select(text => int.Parse(text, CultureInfo.InvariantCulture))]
            : DefaultThreads(quick);
        string[] parts = values.GetValueOrDefault("--parts")?.Split(',') ?? AllParts;
        if (parts.Except(AllParts).FirstOrDefault() is { } part)
            throw new ArgumentException($"--parts {part}: expected {string.Join(", ", AllParts)}");
        return new(data, quick, parts, threads, values.GetValueOrDefault("--output"), values.ContainsKey("--readme"));
    }

    /// <summary>Returns fewer rounds for fewer threads, each of which takes longer.</summary>
    public int Rounds(int rounds, int threads) => threads == Threads.Max() ? rounds : Math.Min(rounds, FewRounds);

    /// <summary>Returns the words about rounds under a title.</summary>
    public string DescribeRounds(int rounds, string unit)
    {
        int fewer = Rounds(rounds, Threads.Min());
        string median = $"median of {rounds} {unit}";
        return fewer == rounds ? median : $"{median}, of {fewer} with fewer threads";
    }

    static int[] DefaultThreads(bool quick)
    {
        int all = Environment.ProcessorCount;
        return quick || all == 1 ? [all] : [all, 1];
    }
}
