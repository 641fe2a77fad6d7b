using System.CommandLine;
using EsimCse.Core;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Evaluation.Transfer;
using EsimCseNative;

namespace EsimCse.Cli;

static class EvalCommand
{
    public static Command Create()
    {
        Argument<string> model = CommonOptions.Model();
        Option<string?> data = new("--data") { Description = "A folder with stsb, senteval and sick." };
        Option<string?> sets = Sets();
        Option<string?> transfer = Transfer();
        Option<string?> pooler = CommonOptions.Pooler("Replaces the folder's pooling.");
        Option<int?> maxLength = CommonOptions.MaxLength("Tokens of a sentence; the folder's own by default.");
        Option<bool> json = new("--json") { Description = "Prints the scores as JSON." };
        Command command = new("eval", "Scores a model on semantic textual similarity, on transfer tasks, or on both.")
        {
            model, data, sets, transfer, pooler, maxLength, json,
        };
        command.Validators.Add(parsed =>
        {
            if (parsed.GetValue(data) is not null) return;
            if (parsed.GetValue(transfer) is null) parsed.AddError("eval: expected --data, --transfer or both");
            if (parsed.GetValue(sets) is not null) parsed.AddError("--sets: expected --data, the folder of the sets");
        });
        Func<ParseResult, DeviceChoice> device = command.AddDevice();
        command.OnRun((parsed, stop) =>
        {
            string path = parsed.GetValue(model)!;
            var pairs = ReadSets(parsed.GetValue(data), parsed.GetValue(sets)?.Split(',') ?? StsSets.Names);
            var tasks = parsed.GetValue(transfer) is { } folder ? TransferTasks.Read(folder) : null;
            EncoderOptions options = new()
            {
                Pooler = CommonOptions.ParsePooler(parsed.GetValue(pooler)),
                MaxLength = parsed.GetValue(maxLength),
                Device = device(parsed),
            };
            using SentenceEncoder encoder = CommonOptions.Load(path, options, stop);
            EvalReport report = new(
                path,
                encoder.Pooler,
                pairs is null ? null : encoder.Report(pairs, stop),
                tasks is null ? null : encoder.Report(tasks, ShowTask, stop));
            if (parsed.GetValue(json)) report.WriteJson();
            else report.WriteTables();
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

    static Option<string?> Transfer()
    {
        const string tasks = "MR, CR, SUBJ, MPQA, SST/binary, TREC, MRPC";
        return new("--transfer") { Description = $"A folder of SentEval's transfer tasks, some of {tasks}." };
    }

    static Dictionary<string, IReadOnlyList<ScoredPair>>? ReadSets(string? folder, IEnumerable<string> names)
    {
        if (folder is null) return null;
        if (!Directory.Exists(folder)) throw new InvalidInputException($"{folder}: no such folder");
        return names.Distinct().ToDictionary(name => name, name => StsSets.Read(folder, name));
    }

    static void ShowTask(string name, int examples) =>
        Console.Error.WriteLine($"transfer task {name}: {examples} examples");
}
