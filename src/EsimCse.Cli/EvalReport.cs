using System.Text.Json;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Evaluation.Transfer;
using EsimCse.Core.Model.Poolers;

namespace EsimCse.Cli;

/// <summary>Prints the scores of a model: as tables for people, × 100, or as one JSON object.</summary>
/// <param name="Model">The model folder.</param>
/// <param name="Pooler">The pooler in use.</param>
/// <param name="Sts">Scores on sets of semantic textual similarity, if there are any.</param>
/// <param name="Transfer">Scores on transfer tasks, if there are any.</param>
sealed record EvalReport(string Model, Pooler Pooler, StsReport? Sts, TransferReport? Transfer)
{
    public void WriteJson() => JsonLine.Write(Console.OpenStandardOutput(), Write);

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("model", Model);
        json.WriteString("pooler", Pooler.Name);
        Sts?.Write(json);
        Transfer?.Write(json);
        json.WriteEndObject();
    }

    public void WriteTables()
    {
        if (Sts is not null) WriteTable(Sts, Pooler);
        if (Transfer is not null) WriteTable(Transfer, Pooler);
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

    static void WriteTable(TransferReport report, Pooler pooler)
    {
        Console.WriteLine($"pooler {pooler}; accuracies × 100 of logistic regression on the vectors");
        Console.WriteLine($"{"task",-10} {"accuracy",9} {"dev",7}");
        foreach ((string name, TransferScore score) in report.Tasks)
            Console.WriteLine($"{name,-10} {100 * score.Accuracy,9:F2} {100 * score.Dev,7:F2}");
        Console.WriteLine($"{"average",-10} {100 * report.Average,9:F2}");
    }
}
