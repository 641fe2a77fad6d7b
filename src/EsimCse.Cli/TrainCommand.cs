using System.CommandLine;
using EsimCse.Core;
using EsimCse.Core.Model;
using EsimCse.Core.Training;
using EsimCse.Formats;
using EsimCse.Reports.Events;
using EsimCseNative;

namespace EsimCse.Cli;

/// <summary>The command <c>train</c>.</summary>
sealed class TrainCommand
{
    const string Start = "expected a model folder, or --from-scratch CONFIG.json with --vocabulary DIR";

    readonly Argument<string?> _model = new("MODEL")
    {
        Description = "The model folder to start from, or the id of a model on the Hugging Face hub.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    readonly Option<string[]> _data = new("--data")
    {
        Description = "Files of sentences, folders of them or globs in quotes: txt, csv, tsv, jsonl, ndjson, json, " +
            "each also .gz, .br or .zst, parquet or arrow.",
        Required = true,
        AllowMultipleArgumentsPerToken = true,
    };

    readonly Option<string?> _column = new("--column")
    {
        Description = CommonOptions.ColumnHelp,
    };

    readonly Option<string?> _columns = new("--columns")
    {
        Description = "Columns A,B or A,B,C of files that have columns: anchors, positives, hard negatives.",
    };

    readonly Option<string> _output = new Option<string>("--output")
    {
        Description = "The folder to write.",
        Required = true,
    }.Checked(folder => folder.Length > 0, "a folder");

    readonly Option<string?> _fromScratch = new("--from-scratch")
    {
        Description = "A config.json to draw an encoder from, in place of MODEL.",
    };

    readonly Option<string?> _vocabulary = new("--vocabulary")
    {
        Description = "The folder of the tokenizer, with --from-scratch.",
    };

    readonly Option<string?> _evaluationData = new("--eval-data")
    {
        Description = "A folder with stsb/sts-dev.csv: the model with the best score on it is kept.",
    };

    readonly Option<bool> _tensorBoard = new("--tensorboard")
    {
        Description = "Write event files for TensorBoard into the folder tensorboard of the output.",
    };

    readonly Option<bool> _resume = new("--resume")
    {
        Description = "Continue from the newest checkpoint.",
    };

    readonly Option<bool> _overwrite = new("--overwrite")
    {
        Description = "Replace an earlier run.",
    };

    readonly TrainCommandOptions _options = new();

    public static Command Create()
    {
        TrainCommand train = new();
        Command command = new("train", "Trains an encoder on sentences.");
        train.AddTo(command);
        command.Add(train._resume);
        Func<ParseResult, DeviceChoice> device = command.AddDevice(training: true);
        command.OnRun((parsed, stop) =>
        {
            DeviceChoice choice = device(parsed);
            Run(train.Read(parsed, stop), choice, train.WritesEvents(parsed), stop);
        });
        return command;
    }

    /// <summary>Adds to a command all options of training but --resume.</summary>
    public void AddTo(Command command)
    {
        command.Add(_model);
        Option[] inputs = [_data, _column, _columns, _output, _fromScratch, _vocabulary, _evaluationData];
        foreach (Option option in inputs) command.Add(option);
        command.Add(_tensorBoard);
        command.Add(_overwrite);
        _options.AddTo(command);
    }

    /// <summary>Returns the names of the options of the option table that the command line has.</summary>
    public IEnumerable<string> GivenOptions(ParseResult parsed) => _options.Given(parsed);

    /// <summary>Returns whether TensorBoard's event files are asked for.</summary>
    public bool WritesEvents(ParseResult parsed) => parsed.GetValue(_tensorBoard);

    /// <summary>Reads the job from the command line.</summary>
    /// <exception cref="UsageException">It names neither a model nor a configuration with a tokenizer.</exception>
    public TrainingJob Read(ParseResult parsed, CancellationToken stop)
    {
        string? model = parsed.GetValue(_model);
        string? config = parsed.GetValue(_fromScratch);
        string? vocabulary = parsed.GetValue(_vocabulary);
        bool hasModel = model is not null, hasConfig = config is not null;
        if (hasModel == hasConfig || hasConfig != (vocabulary is not null)) throw new UsageException(Start);
        string? folder = model is null ? null : CommonOptions.FindModel(model, stop);
        BertConfig sizes = folder is null ? BertConfig.Read(config!) : ModelFolder.Read(folder).Config;
        TrainingJob job = new()
        {
            Model = model,
            Config = config,
            Vocabulary = vocabulary,
            Data = parsed.GetValue(_data)!,
            Column = parsed.GetValue(_column),
            Columns = parsed.GetValue(_columns)?.Split(',') ?? [],
            Output = parsed.GetValue(_output)!,
            EvaluationData = parsed.GetValue(_evaluationData),
            Resume = parsed.GetValue(_resume),
            Overwrite = parsed.GetValue(_overwrite),
            Options = _options.Read(parsed, sizes, isSupervised: parsed.GetValue(_columns) is not null),
        };
        return folder is null ? job : job.WithFolder(folder);
    }

    /// <summary>Runs a job and prints its result.</summary>
    public static void Run(TrainingJob job, DeviceChoice device, bool writesEvents, CancellationToken stop)
    {
        using Trainer trainer = Trainer.Open(
            job, sizes => device.OpenToTrain(sizes, StandardErrorLogger.Instance), TableFormats.Reader);
        WriteStart(trainer, job);
        using EventFiles? events = writesEvents ? new EventFiles(job.Output) : null;
        using (ProgressLine line = new())
            trainer.Run(
                progress =>
                {
                    events?.Write(progress);
                    line.Show(progress);
                },
                stop);
        WriteRemarks(trainer, job);
        Console.WriteLine(trainer.Best is { } best
            ? $"{job.Output}: the model of step {best.Step}, STS-B dev {100 * best.Score:F2}"
            : $"{job.Output}: the model of step {trainer.Steps}");
    }

    static void WriteStart(Trainer trainer, TrainingJob job)
    {
        (int sentences, long empty, long truncated) = trainer.CorpusCounts;
        Console.Error.WriteLine(
            $"{sentences} sentences, {empty} empty lines skipped, {truncated} truncated to {job.Options.MaxLength} " +
            $"tokens; {trainer.Steps} steps on {trainer.Device}");
        foreach (string remark in trainer.Remarks) Console.Error.WriteLine(remark);
        if (job.Resume && trainer.StepsDone == 0) Console.Error.WriteLine("no checkpoint found: starting at step 0");
        else if (job.Resume) Console.Error.WriteLine($"resuming from step {trainer.StepsDone}");
        if (trainer.ResumeWarning is not null) Console.Error.WriteLine(trainer.ResumeWarning);
    }

    static void WriteRemarks(Trainer trainer, TrainingJob job)
    {
        if (job.Options.SavedPooler is { SentenceTransformersMode: null } pooler)
            Console.Error.WriteLine(
                $"{job.Output}: esimcse.json names the pooler {pooler.Name}: sentence-transformers lacks it");
        if (trainer.DroppedTokens > 0)
            Console.Error.WriteLine(
                $"{trainer.DroppedTokens} repeated tokens passed the model's positions and were dropped");
    }
}
