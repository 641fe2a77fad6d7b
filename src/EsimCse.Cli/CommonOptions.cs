using System.CommandLine;
using System.CommandLine.Parsing;
using EsimCse.Core;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;
using EsimCse.Cpu;
using EsimCseNative;
using EsimCseNative.Hub;

namespace EsimCse.Cli;

/// <summary>Options and steps that several commands share.</summary>
static class CommonOptions
{
    public const string ColumnHelp =
        "The column of csv, tsv, jsonl and json files; by default text, else sentence, else the only string column.";

    public static Option<bool> Verbose { get; } =
        new("--verbose") { Description = "Show the stack trace of an error.", Recursive = true };

    public static Option<string?> Pooler(string description)
    {
        Option<string?> option = new("--pooler") { Description = description };
        return option.Checked(name => ParsePooler(name) is not null, string.Join(", ", Core.Model.Poolers.Pooler.All));
    }

    public static Pooler? ParsePooler(string? name) =>
        Core.Model.Poolers.Pooler.TryParse(name, out Pooler? pooler) ? pooler : null;

    public static Option<int?> MaxLength(string description) => Number("--max-length", description, 2);

    public static Option<string?> Column() =>
        new("--column") { Description = ColumnHelp };

    public static Argument<string> Model() => new("MODEL")
    {
        Description = "The model folder, or the id of a model on the Hugging Face hub.",
    };

    /// <summary>Creates an option that requires true or false, so that it cannot take the argument after it.</summary>
    public static Option<bool?> Flag(string name, string description) =>
        new(name) { Description = description, Arity = ArgumentArity.ExactlyOne, HelpName = "true|false" };

    /// <summary>
    /// Creates an option that requires a whole number, with a parser of its own: System.CommandLine's reads 1,5 as 15,
    /// and reports a number that it cannot parse by an exception.
    /// </summary>
    public static Option<int?> Number(string name, string description, int min)
    {
        OptionValues<int> values = OptionValues.Integer(min);
        return new Option<int?>(name)
        {
            Description = description,
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = Parse,
        };

        int? Parse(ArgumentResult result)
        {
            string text = result.Tokens[^1].Value;
            if (values.TryParse(text, out int value) && values.IsAllowed(value)) return value;
            result.AddError($"{name}: found {text}, expected {values.Expected}");
            return null;
        }
    }

    /// <summary>Makes an option refuse the values that are not valid.</summary>
    public static Option<T> Checked<T>(this Option<T> option, Func<T, bool> valid, string expected)
    {
        option.Validators.Add(result =>
        {
            T? value = result.GetValueOrDefault<T>();
            if (value is not null && !valid(value))
                result.AddError($"{option.Name}: found {value}, expected {expected}");
        });
        return option;
    }

    /// <summary>Adds the options of the device to a command and returns their reader.</summary>
    /// <param name="command">The command.</param>
    /// <param name="training">Whether the command trains.</param>
    /// <param name="several">Whether it can use several devices.</param>
    public static Func<ParseResult, DeviceChoice> AddDevice(
        this Command command, bool training = false, bool several = false)
    {
        Option<string> device = Device(several);
        Option<string?> precision = Precision();
        Option<int?> threads = Number("--threads", "Threads; all cores by default.", 1);
        command.Add(device);
        command.Add(precision);
        command.Add(threads);
        return parsed =>
        {
            CheckGemmVariant();
            ElementType? type = ElementTypes.FromName(parsed.GetValue(precision));
            DeviceChoice choice = new(parsed.GetValue(device)!, parsed.GetValue(threads), type);
            choice.Require(training);
            return choice;
        };
    }

    /// <summary>Loads a model for inference and reports the pooling that is assumed for a bare folder.</summary>
    public static SentenceEncoder Load(string model, EncoderOptions options, CancellationToken stop)
    {
        string folder = FindModel(model, stop);
        SentenceEncoder encoder = SentenceEncoder.Load(folder, options with { Logger = StandardErrorLogger.Instance });
        if (encoder.Folder.IsBare && options.Pooler is null)
            Console.Error.WriteLine($"{model}: no pooling is configured: avg, not normalized");
        return encoder;
    }

    /// <summary>Returns the folder of a model, which is downloaded where it is the id of one of the hub.</summary>
    public static string FindModel(string model, CancellationToken stop, bool withWeights = true)
    {
        using DownloadLine line = new();
        return HubModel.Resolve(model, withWeights, line.Show, StandardErrorLogger.Instance, stop);
    }

    /// <summary>Requires that the vectors of an index can be compared with those of a model.</summary>
    /// <exception cref="InvalidInputException">They have another number of elements.</exception>
    public static void RequireDimension(VectorIndex index, string indexPath, SentenceEncoder encoder, string model)
    {
        if (encoder.Dimension == index.Dimension) return;
        string expected = $"{encoder.Dimension} as {model} gives";
        throw new InvalidInputException($"{indexPath}: found vectors of {index.Dimension}, expected {expected}");
    }

    public static void ReportTruncated(SentenceEncoder encoder, long? count = null)
    {
        long truncated = count ?? encoder.Truncated;
        if (truncated == 0) return;
        string limit = $"{encoder.MaxLength} tokens";
        Console.Error.WriteLine($"{truncated} sentences were longer than {limit} and were cut off there");
    }

    static Option<string> Device(bool several)
    {
        const string one = "auto, cpu, cuda or cuda:N";
        string expected = several ? $"{one}, several as cuda:0,cuda:1, or cuda:all" : one;
        Option<string> option = new("--device") { Description = $"{expected}.", DefaultValueFactory = _ => "auto" };
        return option.Checked(IsValid, expected);

        bool IsValid(string name) =>
            DeviceChoice.IsValid(name) && (several || !new DeviceChoice(name).IsSeveral);
    }

    static Option<string?> Precision()
    {
        const string expected = "fp32, bf16, fp16 or int8";
        const string standard = "By default fp32 on the CPU, which has bf16 and int8 too, but not to train; on CUDA, " +
            "which has no int8, bf16 for training and fp16 for the rest.";
        Option<string?> option = new("--precision") { Description = $"{expected}. {standard}" };
        return option.Checked(name => ElementTypes.FromName(name) is not null, expected);
    }

    /// <summary>Checks the variable ESIMCSE_GEMM before any input is read.</summary>
    static void CheckGemmVariant()
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("ESIMCSE_GEMM"))) return;
        try
        {
            new CpuBackend(1).Dispose();
        }
        catch (ArgumentException error)
        {
            throw new UsageException(error.Message, error);
        }
    }
}
