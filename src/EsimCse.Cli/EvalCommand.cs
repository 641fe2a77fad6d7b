using System.CommandLine;
using System.Text.Json;
using EsimCse.Core;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Model.Poolers;
using EsimCseNative;

namespace EsimCse.Cli;

static class EvalCommand
{
    public static Command Create()
    {
        Argument<string> model = CommonOptions.Model();
        Option<string> data = new("--data") { Description = "A folder with stsb, senteval and sick.", Required = true };
        Option<string?> sets = Sets();
        Option<string?> pooler = CommonOptions.Pooler("Replaces the folder's pooling.");
        Option<int?> maxLength = CommonOptions.MaxLength("Tokens of a sentence; the folder's own by default.");
        Option<bool> json = new("--json") { Description = "Prints the scores as JSON." };
        Command command = new("eval", "Scores a model on the sets of semantic textual similarity.")
        {
            model, data, sets, pooler, maxLength, json,
        };
        Func<ParseResult, DeviceChoice> device = command.AddDevice();
        command.OnRun((parsed, stop) =>
        {
            string path = parsed.GetValue(model)!;
            var pairs = ReadSets(parsed.GetValue(data)!, parsed.GetValue(sets)?.Split(',') ?? StsSets.Names);
            EncoderOptions options = new()
            {
                Pooler = CommonOptions.ParsePooler(parsed.GetValue(pooler)),
                MaxLength = parsed.GetValue(maxLength),
                Device = device(parsed),
            };
            using SentenceEncoder encoder = CommonOptions.Load(path, options);
            StsReport report = encoder.Report(pairs, stop);
            if (parsed.GetValue(json)) WriteJson(report, path, encoder.Pooler);
            else WriteTable(report, encoder.Pooler);
            CommonOptions.ReportTruncated(encoder);
        });
        return command;
    }

    static Option<string?> Sets()
    {
        string expected = $"some of {string.Join(",", StsSets.Names)}";
        Option<string?> option = new("--sets") { Description = $"Sets to score: {expected}; all by default." };
        return option.Checked(value => value!.Split(',').All(StsSets.Names.Contains), expected);
    }

    static Dictionary<string, IReadOnlyList<ScoredPair>> ReadSets(string folder, IEnumerable<string> names)
    {
        if (!Directory.Exists(folder)) throw new InvalidInputException($"{folder}: no such folder");
        return names.Distinct().ToDictionary(name => name, name => StsSets.Read(folder, name));
    }

    static void WriteTable(StsReport report, Pooler pooler)
    {
        const string groups = "near and far: lengths at most 3 tokens apart, and more";
        Console.WriteLine($"pooler {pooler}; correlations × 100; {groups}");
        string correlations = $"{"spearman",9} {"pearson",8} {"near",7} {"far",7}";
        string means = $"{"cos near",9} {"cos far",8} {"gold near",10} {"gold far",9}";
        Console.WriteLine($"{"set",-10} {"pairs",6} {correlations} {means}");
        foreach ((string name, SetScore score) in report.Sets) WriteRow(name, score);
        WriteAverage(report);
        if (report.Alignment is { } alignment)
            Console.WriteLine($"alignment {alignment:F4}, uniformity {report.Uniformity:F4} (STS-B dev)");
    }

    static void WriteRow(string name, SetScore score)
    {
        LengthGroup near = score.Near;
        LengthGroup far = score.Far;
        string all = $"{100 * score.Spearman,9:F2} {100 * score.Pearson,8:F2}";
        string groups = $"{100 * near.Spearman,7:F2} {100 * far.Spearman,7:F2}";
        string cosines = $"{near.MeanCosine,9:F4} {far.MeanCosine,8:F4}";
        string gold = $"{near.MeanGold,10:F3} {far.MeanGold,9:F3}";
        Console.WriteLine($"{name,-10} {score.Pairs,6} {all} {groups} {cosines} {gold}");
    }

    static void WriteAverage(StsReport report)
    {
        string groups = $"{100 * report.AverageNear,7:F2} {100 * report.AverageFar,7:F2}";
        const string sets = "over sts12-16, stsb-test, sick where present";
        Console.WriteLine($"{"average",-10} {"",6} {100 * report.Average,9:F2} {"",8} {groups}   {sets}");
    }

    static void WriteJson(StsReport report, string model, Pooler pooler)
    {
        using Stream output = Console.OpenStandardOutput();
        using (Utf8JsonWriter json = new(output)) report.Write(json, model, pooler.Name);
        output.WriteByte((byte)'\n');
    }
}
