using System.CommandLine;
using EsimCse.Core;
using EsimCse.Core.Training;
using EsimCseNative;

namespace EsimCse.Cli;

static class TrainCommand
{
    public static Command Create()
    {
        Argument<string?> model = new("MODEL") { Description = "The model folder to start from.", Arity = ArgumentArity.ZeroOrOne };
        Option<string[]> data = new("--data") { Description = "Files of sentences: txt, csv, tsv or jsonl, also .gz or .br.", Required = true, AllowMultipleArgumentsPerToken = true };
        Option<string?> column = new("--column") { Description = "The column of csv, tsv and jsonl files." };
        Option<string> output = new("--output") { Description = "The folder to write.", Required = true };
        Option<string?> scratch = new("--from-scratch") { Description = "A config.json to draw an encoder from, in place of MODEL." };
        Option<string?> vocabulary = new("--vocabulary") { Description = "With --from-scratch: the folder of the tokenizer." };
        Option<string?> evaluation = new("--eval-data") { Description = "A folder with stsb/sts-dev.csv: the best by its score is kept." };
        Option<bool> resume = new("--resume") { Description = "Go on from the newest checkpoint." }, overwrite = new("--overwrite") { Description = "Start anew over an earlier run." };
        TrainCommandOptions options = new();
        Command command = new("train", "Trains an encoder on sentences.") { model, data, column, output, scratch, vocabulary, evaluation, resume, overwrite };
        options.AddTo(command);
        Func<ParseResult, DeviceChoice> device = command.AddDevice(training: true);
        command.OnRun((parsed, stop) =>
        {
            DeviceChoice choice = device(parsed);
            bool fromScratch = parsed.GetValue(scratch) is not null;
            if (fromScratch == (parsed.GetValue(model) is not null) || fromScratch != (parsed.GetValue(vocabulary) is not null))
                throw new UsageException("expected a model folder, or --from-scratch CONFIG.json with --vocabulary DIR");
            TrainingJob job = new()
            {
                Model = parsed.GetValue(model),
                Config = parsed.GetValue(scratch),
                Vocabulary = parsed.GetValue(vocabulary),
                Data = parsed.GetValue(data)!,
                Column = parsed.GetValue(column),
                Output = parsed.GetValue(output)!,
                EvaluationData = parsed.GetValue(evaluation),
                Resume = parsed.GetValue(resume),
                Overwrite = parsed.GetValue(overwrite),
                Options = options.Read(parsed),
            };
            Train(job, choice, stop);
        });
        return command;
    }

    static void Train(TrainingJob job, DeviceChoice device, CancellationToken stop)
    {
        using Trainer trainer = Trainer.Open(job, sizes => device.OpenToTrain(sizes, CommonOptions.Say));
        (int sentences, long empty, long truncated) = trainer.CorpusCounts;
        Console.Error.WriteLine($"{sentences} sentences, {empty} empty lines skipped, {truncated} cut off at {job.Options.MaxLength} tokens; {trainer.Steps} steps on {trainer.Device}");
        if (job.Resume) Console.Error.WriteLine(trainer.StepsDone == 0 ? "no checkpoint yet: starting at step 0" : $"going on from step {trainer.StepsDone}");
        if (trainer.ResumeWarning is not null) Console.Error.WriteLine(trainer.ResumeWarning);
        using ProgressLine line = new();
        trainer.Run(line.Show, stop);
        line.Dispose();
        if (job.Options.SavedPooler.SentenceTransformersMode is null)
            Console.Error.WriteLine($"{job.Output}: esimcse.json says how to pool, {job.Options.SavedPooler.Name}: sentence-transformers has no such pooling");
        if (trainer.DroppedTokens > 0) Console.Error.WriteLine($"{trainer.DroppedTokens} repeated pieces passed the model's positions and were dropped");
        Console.WriteLine(trainer.Best is { } best ? $"{job.Output}: the model of step {best.Step}, STS-B dev {100 * best.Score:F2}" : $"{job.Output}: the model of step {trainer.Steps}");
    }
}
