using System.Globalization;
using EsimCse.Core.Text;

namespace EsimCse.Core.Evaluation;

/// <summary>Two sentences and how alike people found them, 0 … 5.</summary>
public readonly record struct ScoredPair(string First, string Second, double Gold);

/// <summary>The sets of semantic textual similarity in English, as a folder like SentEval's holds them; every scored pair of a year in one list.</summary>
public static class StsSets
{
    static readonly string[] SetNames = ["sts12", "sts13", "sts14", "sts15", "sts16", "stsb-dev", "stsb-test", "sick"];

    /// <summary>The names of all sets.</summary>
    public static IReadOnlyList<string> Names => SetNames;

    /// <summary>The pairs of a set.</summary>
    /// <exception cref="InvalidInputException">Its files are missing, or a line is not what it must be.</exception>
    public static IReadOnlyList<ScoredPair> Read(string folder, string name)
    {
        if (!SetNames.Contains(name)) throw new ArgumentException($"no set '{name}', expected one of {string.Join(", ", SetNames)}", nameof(name));
        (string path, List<ScoredPair> pairs) = name switch
        {
            "stsb-dev" or "stsb-test" => Table(Path.Combine(folder, "stsb", $"sts-{name[5..]}.csv"), name, header: false, 5, 6, 4),
            "sick" => Table(Path.Combine(folder, "sick", "SICK_test_annotated.txt"), name, header: true, 1, 2, 3),
            _ => Year(Path.Combine(folder, "senteval", $"{name.ToUpperInvariant()}-en-test"), name),
        };
        return pairs.Count > 0 ? pairs : throw new InvalidInputException($"{path}: no scored pairs: set {name} is missing");
    }

    static (string, List<ScoredPair>) Table(string path, string name, bool header, int first, int second, int gold)
    {
        if (!File.Exists(path)) throw new InvalidInputException($"{path}: no such file: set {name} is missing");
        List<ScoredPair> pairs = [];
        int number = 0;
        foreach (string line in SentenceFile.ReadLines(path))
        {
            if (++number == 1 && header) continue;
            string[] fields = line.Split('\t');
            if (fields.Length <= Math.Max(gold, second)) throw new InvalidInputException($"{path}, line {number}: found {fields.Length} fields, expected at least {Math.Max(gold, second) + 1}");
            pairs.Add(new ScoredPair(fields[first], fields[second], Score(fields[gold], path, number)));
        }
        return (path, pairs);
    }

    static (string, List<ScoredPair>) Year(string folder, string name)
    {
        if (!Directory.Exists(folder)) throw new InvalidInputException($"{folder}: no such folder: set {name} is missing");
        List<ScoredPair> pairs = [];
        foreach (string input in Directory.GetFiles(folder, "STS.input.*.txt").Order(StringComparer.Ordinal))
        {
            string goldPath = Path.Combine(folder, Path.GetFileName(input).Replace("STS.input.", "STS.gs.", StringComparison.Ordinal));
            string[] lines = [.. SentenceFile.ReadLines(input)], gold = [.. SentenceFile.ReadLines(goldPath)];
            if (lines.Length != gold.Length) throw new InvalidInputException($"{goldPath}: found {gold.Length} scores, expected {lines.Length}, the pairs of {Path.GetFileName(input)}");
            for (int i = 0; i < lines.Length; i++)
            {
                if (string.IsNullOrWhiteSpace(gold[i])) continue;
                string[] fields = lines[i].Split('\t');
                if (fields.Length < 2) throw new InvalidInputException($"{input}, line {i + 1}: found {fields.Length} sentence, expected 2 with a tab between");
                pairs.Add(new ScoredPair(fields[0], fields[1], Score(gold[i], goldPath, i + 1)));
            }
        }
        return (folder, pairs);
    }

    static double Score(string text, string path, int line) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double score) && double.IsFinite(score) ? score
            : throw new InvalidInputException($"{path}, line {line}: found score '{text}', expected a number");
}
