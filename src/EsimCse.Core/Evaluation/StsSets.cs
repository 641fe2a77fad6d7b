using System.Globalization;
using EsimCse.Core.Text;

namespace EsimCse.Core.Evaluation;

/// <summary>Two sentences and the similarity that annotators gave them, 0 … 5.</summary>
readonly record struct ScoredPair(string First, string Second, double Gold);

/// <summary>
/// The English sets of semantic textual similarity in a folder of SentEval's layout. A year's set is one list of all
/// its scored pairs.
/// </summary>
static class StsSets
{
    static readonly string[] SetNames = ["sts12", "sts13", "sts14", "sts15", "sts16", "stsb-dev", "stsb-test", "sick"];

    static readonly TableColumns StsBenchmark = new(First: 5, Second: 6, Gold: 4, HasHeader: false);
    static readonly TableColumns Sick = new(First: 1, Second: 2, Gold: 3, HasHeader: true);

    /// <summary>The names of all sets.</summary>
    public static IReadOnlyList<string> Names => SetNames;

    /// <summary>Returns the sentences of pairs, two a pair, as <see cref="SetScore.Compute"/> expects them.</summary>
    public static string[] Sentences(IReadOnlyList<ScoredPair> pairs) =>
        [.. pairs.SelectMany(pair => new[] { pair.First, pair.Second })];

    /// <summary>Reads the scored pairs of a set.</summary>
    /// <exception cref="InvalidInputException">A file is missing, or a line is not valid.</exception>
    public static IReadOnlyList<ScoredPair> Read(string folder, string name)
    {
        if (!SetNames.Contains(name))
            throw new ArgumentException($"no set '{name}', expected {string.Join(", ", SetNames)}", nameof(name));
        string path = name switch
        {
            "stsb-dev" => Path.Combine(folder, "stsb", "sts-dev.csv"),
            "stsb-test" => Path.Combine(folder, "stsb", "sts-test.csv"),
            "sick" => Path.Combine(folder, "sick", "SICK_test_annotated.txt"),
            _ => Path.Combine(folder, "senteval", $"{name.ToUpperInvariant()}-en-test"),
        };
        List<ScoredPair> pairs = name switch
        {
            "stsb-dev" or "stsb-test" => ReadTable(path, name, StsBenchmark),
            "sick" => ReadTable(path, name, Sick),
            _ => ReadYear(path, name),
        };
        return pairs.Count > 0 ? pairs : throw Missing(path, "no scored pairs", name);
    }

    /// <summary>Reads a tab-separated table of pairs.</summary>
    static List<ScoredPair> ReadTable(string path, string name, TableColumns columns)
    {
        if (!File.Exists(path)) throw Missing(path, "no such file", name);
        List<ScoredPair> pairs = [];
        int number = 0;
        foreach (string line in SentenceFile.ReadLines(path))
        {
            number++;
            if (number == 1 && columns.HasHeader) continue;
            string[] fields = line.Split('\t');
            if (fields.Length < columns.Count)
                throw Wrong(path, number, $"found {fields.Length} fields, expected at least {columns.Count}");
            double gold = ParseScore(fields[columns.Gold], path, number);
            pairs.Add(new ScoredPair(fields[columns.First], fields[columns.Second], gold));
        }
        return pairs;
    }

    /// <summary>Reads the pairs and scores of a year's folder, STS.input.*.txt and STS.gs.*.txt.</summary>
    static List<ScoredPair> ReadYear(string folder, string name)
    {
        if (!Directory.Exists(folder)) throw Missing(folder, "no such folder", name);
        List<ScoredPair> pairs = [];
        foreach (string inputPath in Directory.GetFiles(folder, "STS.input.*.txt").Order(StringComparer.Ordinal))
        {
            string input = Path.GetFileName(inputPath);
            string goldPath = Path.Combine(folder, input.Replace("STS.input.", "STS.gs.", StringComparison.Ordinal));
            string[] lines = [.. SentenceFile.ReadLines(inputPath)];
            string[] gold = [.. SentenceFile.ReadLines(goldPath)];
            if (lines.Length != gold.Length)
                throw WrongScoreCount(goldPath, gold.Length, lines.Length, input);
            for (int i = 0; i < lines.Length; i++)
            {
                // Some years score a part of their pairs only.
                if (string.IsNullOrWhiteSpace(gold[i])) continue;
                string[] fields = lines[i].Split('\t');
                if (fields.Length < 2) throw Wrong(inputPath, i + 1, "found 1 sentence, expected 2 with a tab between");
                pairs.Add(new ScoredPair(fields[0], fields[1], ParseScore(gold[i], goldPath, i + 1)));
            }
        }
        return pairs;
    }

    static double ParseScore(string text, string path, int line)
    {
        bool valid = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double score);
        if (!valid || !double.IsFinite(score)) throw Wrong(path, line, $"found score '{text}', expected a number");
        return score;
    }

    static InvalidInputException Missing(string path, string problem, string set) =>
        new($"{path}: {problem}: set {set} is missing");

    static InvalidInputException Wrong(string path, int line, string problem) => new($"{path}, line {line}: {problem}");

    static InvalidInputException WrongScoreCount(string path, int found, int expected, string input) =>
        new($"{path}: found {found} scores, expected {expected}, the pairs of {input}");

    /// <summary>Indices of a table's columns.</summary>
    readonly record struct TableColumns(int First, int Second, int Gold, bool HasHeader)
    {
        /// <summary>Fields that a line must have at least.</summary>
        public int Count => Math.Max(Gold, Second) + 1;
    }
}
