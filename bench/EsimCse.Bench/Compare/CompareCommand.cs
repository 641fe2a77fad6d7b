using EsimCse.Bench.Hardware;

namespace EsimCse.Bench.Compare;

/// <summary>Runs ours and the peers in turn, and writes the tables.</summary>
static class CompareCommand
{
    const string TrainingModel = "bert-mlm-l4-h384";
    const string EmbeddingModel = "all-MiniLM-L6-v2";
    const string RandomModel = "bert-base with random weights";

    /// <summary>Runs the command.</summary>
    /// <returns>The exit status.</returns>
    public static int Run(string[] arguments)
    {
        CompareOptions options = CompareOptions.Read(arguments);
        WorkFolder work = new(options.Data);
        Programs programs = new();
        MachinePeak[] before = [.. options.Threads.Order().Select(MachinePeak.Measure)];
        List<ComparisonTable> tables = [];
        if (options.Parts.Contains("embedding")) tables.AddRange(Embed(options, work, programs));
        if (options.Parts.Contains("training")) tables.Add(Train(options, work, programs));
        if (options.Parts.Contains("tokenizing"))
            tables.Add(new TokenizingComparison(work, programs).Run(work.Model(EmbeddingModel), options.Quick ? 3 : 7));
        // Other programs of the machine may have disturbed one of the two measurements.
        MachinePeak[] peaks = [.. before.Select(peak => peak.Max(MachinePeak.Measure(peak.Threads)))];
        // The page is read elsewhere, where the folder is another.
        IEnumerable<string> written = arguments.Select(argument => argument == options.Data ? "DATA" : argument);
        string command = string.Join(
            ' ', ["dotnet run -c Release --project bench/EsimCse.Bench -- compare", .. written]);
        string page = new ComparisonReport(command, peaks).Write(tables);
        Console.Write(page);
        string name = Path.Combine("bench", "results", Machine.FileName + ".md");
        string? path = options.Output ?? (options.Quick ? null : Path.Combine(Programs.Repository, name));
        if (path is not null)
        {
            File.WriteAllText(path, page);
            if (options.WritesReadme)
                ReadmeTable.Replace(tables, Path.GetRelativePath(Programs.Repository, Path.GetFullPath(path)));
        }
        bool anyFailure = tables.SelectMany(table => table.Results).Any(
            row => row.Start.IsOurs && row.Start.Missing is null && row.Failure is not null);
        bool anyDifference = tables.SelectMany(table => table.Checks).Any(
            check => check.Contains("**", StringComparison.Ordinal));
        return anyFailure || anyDifference ? 1 : 0;
    }

    static IEnumerable<ComparisonTable> Embed(CompareOptions options, WorkFolder work, Programs programs)
    {
        EmbeddingComparison comparison = new(options, work, programs);
        string model = work.Model(EmbeddingModel);
        if (options.Quick)
        {
            yield return comparison.Run(EmbeddingModel, model, sentences: 128, rounds: 3, scores: false);
            yield break;
        }
        yield return comparison.Run(EmbeddingModel, model, sentences: 256, rounds: 5, scores: true);
        yield return comparison.Run(RandomModel, work.BertBase(), sentences: 32, rounds: 3, scores: false);
    }

    static ComparisonTable Train(CompareOptions options, WorkFolder work, Programs programs)
    {
        string model = work.Model(TrainingModel);
        GradientCheck check = new(work, programs);
        TorchVariant[] plain = [TorchVariant.All[0]];
        List<string> checks = [.. check.Run(TrainingModel, model, batch: 64, queue: 160, TorchVariant.All)];
        if (!options.Quick)
        {
            checks.AddRange(check.Run(EmbeddingModel, work.Model(EmbeddingModel), batch: 16, queue: 40, plain));
            checks.AddRange(check.Run(RandomModel, work.BertBase(), batch: 16, queue: 40, plain));
        }
        return new TrainingComparison(options, work, programs).Run(model, options.Quick ? 3 : 7, checks);
    }
}
