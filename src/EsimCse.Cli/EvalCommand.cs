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
        Argument<string> model = new("MODEL") { Description = "The model folder." };
        Option<string> data = new("--data") { Description = "A folder with stsb, senteval and sick.", Required = true };
        Option<string?> sets = new Option<string?>("--sets") { Description = $"Some of {string.Join(",", StsSets.Names)}; all by default." }
            .Checked(value => value!.Split(',').All(StsSets.Names.Contains), $"some of {string.Join(",", StsSets.Names)}");
        Option<string?> pooler = CommonOptions.Pooler("Replaces the folder's pooling.");
        Option<int?> maxLength = CommonOptions.MaxLength("Tokens of a sentence; the folder's own by default.");
        Option<bool> json = new("--json") { Description = "The scores as JSON." };
        Command command = new("eval", "Scores a model on the sets of semantic textual similarity.") { model, data, sets, pooler, maxLength, json };
        Func<ParseResult, DeviceChoice> device = command.AddDevice();
        command.OnRun((parsed, stop) =>
        {
            string folder = parsed.GetValue(data)!;
            if (!Directory.Exists(folder)) throw new InvalidInputException($"{folder}: no such folder");
            string[] names = parsed.GetValue(sets)?.Split(',') ?? [.. StsSets.Names];
            Dictionary<string, IReadOnlyList<ScoredPair>> pairs = names.Distinct().ToDictionary(name => name, name => StsSets.Read(folder, name));
            EncoderOptions options = new() { Pooler = CommonOptions.PoolerOf(parsed.GetValue(pooler)), MaxLength = parsed.GetValue(maxLength), Device = device(parsed), Say = CommonOptions.Say };
            using SentenceEncoder encoder = CommonOptions.Open(parsed.GetValue(model)!, options);
            StsReport report = StsReport.Compute(pairs, sentences =>
            {
                IReadOnlyList<int[]> ids = encoder.Tokenize(sentences);
                return (encoder.Encode(ids, stop), [.. ids.Select(sentence => sentence.Length)]);
            }, encoder.Dimension);
            if (parsed.GetValue(json)) WriteJson(report, parsed.GetValue(model)!, encoder.Pooler);
            else WriteTable(report, encoder.Pooler);
            CommonOptions.ReportTruncated(encoder);
        });
        return command;
    }

    static void WriteTable(StsReport report, Pooler pooler)
    {
        Console.WriteLine($"pooler {pooler.Name}; correlations × 100; near and far: lengths at most 3 pieces apart, and more");
        Console.WriteLine($"{"set",-10} {"pairs",6} {"spearman",9} {"pearson",8} {"near",7} {"far",7} {"cos near",9} {"cos far",8} {"gold near",10} {"gold far",9}");
        foreach ((string name, SetScore s) in report.Sets)
            Console.WriteLine($"{name,-10} {s.Pairs,6} {100 * s.Spearman,9:F2} {100 * s.Pearson,8:F2} {100 * s.Near.Spearman,7:F2} {100 * s.Far.Spearman,7:F2} {s.Near.MeanCosine,9:F4} {s.Far.MeanCosine,8:F4} {s.Near.MeanGold,10:F3} {s.Far.MeanGold,9:F3}");
        Console.WriteLine($"{"average",-10} {"",6} {100 * report.Average,9:F2} {"",8} {100 * report.AverageNear,7:F2} {100 * report.AverageFar,7:F2}   over sts12-16, stsb-test, sick where present");
        if (report.Alignment is { } alignment) Console.WriteLine($"alignment {alignment:F4}, uniformity {report.Uniformity:F4} (STS-B dev)");
    }

    static void WriteJson(StsReport report, string model, Pooler pooler)
    {
        using Stream output = Console.OpenStandardOutput();
        using (Utf8JsonWriter json = new(output)) report.Write(json, model, pooler.Name);
        output.WriteByte((byte)'\n');
    }
}
