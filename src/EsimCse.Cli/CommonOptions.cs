using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using EsimCse.Core;
using EsimCse.Core.Model.Poolers;
using EsimCse.Cpu;
using EsimCseNative;

namespace EsimCse.Cli;

/// <summary>What every command, or several, understand.</summary>
static class CommonOptions
{
    public static Option<bool> Verbose { get; } = new("--verbose") { Description = "Show where an error came from.", Recursive = true };

    public static Option<string> Device() => new Option<string>("--device") { Description = "auto, cpu, cuda or cuda:N.", DefaultValueFactory = _ => "auto" }
        .Checked(DeviceChoice.IsValid, "auto, cpu, cuda or cuda:N");

    public static Option<string?> Precision() => new Option<string?>("--precision") { Description = "fp32, bf16 or fp16; fp32 on the CPU, on CUDA bf16 to train and else fp16 by default." }
        .Checked(value => PrecisionOf(value) is not null, "fp32, bf16 or fp16");

    public static Option<int?> Threads() => Number("--threads", "Threads; all cores by default.", 1);

    public static Option<string?> Pooler(string description) => new Option<string?>("--pooler") { Description = description }
        .Checked(value => Core.Model.Poolers.Pooler.TryParse(value, out _), string.Join(", ", Core.Model.Poolers.Pooler.All));

    public static Option<int?> MaxLength(string description) => Number("--max-length", description, 2);

    /// <summary>An option that takes true or false, and never leaves the word after it to an argument.</summary>
    public static Option<bool?> Flag(string name, string description) => new(name) { Description = description, Arity = ArgumentArity.ExactlyOne, HelpName = "true|false" };

    /// <summary>An option that takes a whole number.</summary>
    public static Option<int?> Number(string name, string description, int least) =>
        Numeric<int>(name, description, NumberStyles.AllowLeadingSign, value => value >= least, $"a whole number of at least {least}");

    /// <summary>An option that takes a number with a decimal point, never a comma, whatever the locale.</summary>
    public static Option<T?> Real<T>(string name, string description, Func<T, bool> valid, string expected) where T : struct, INumber<T> =>
        Numeric<T>(name, description, NumberStyles.Float, value => T.IsFinite(value) && valid(value), expected);

    /// <summary>Parsed here: the library's own parser takes 1,5 for 15, and what it cannot parse cannot be checked without an exception.</summary>
    public static Option<T?> Numeric<T>(string name, string description, NumberStyles styles, Func<T, bool> valid, string expected) where T : struct, INumber<T>
    {
        return new Option<T?>(name) { Description = description, Arity = ArgumentArity.ExactlyOne, CustomParser = Parse };

        T? Parse(ArgumentResult result)
        {
            string text = result.Tokens[^1].Value;
            if (T.TryParse(text, styles, CultureInfo.InvariantCulture, out T value) && valid(value)) return value;
            result.AddError($"{name}: found {text}, expected {expected}");
            return null;
        }
    }

    /// <summary>The same option, refusing values outside its range.</summary>
    public static Option<T> Checked<T>(this Option<T> option, Func<T, bool> valid, string expected)
    {
        option.Validators.Add(result =>
        {
            T? value = result.GetValueOrDefault<T>();
            if (value is not null && !valid(value)) result.AddError($"{option.Name}: found {value}, expected {expected}");
        });
        return option;
    }

    /// <summary>Adds the options by which a command chooses its device, and gives back how to read them.</summary>
    public static Func<ParseResult, DeviceChoice> AddDevice(this Command command, bool training = false)
    {
        Option<string> device = Device();
        Option<string?> precision = Precision();
        Option<int?> threads = Threads();
        command.Add(device);
        command.Add(precision);
        command.Add(threads);
        return parsed =>
        {
            string? variant = Environment.GetEnvironmentVariable("ESIMCSE_GEMM");
            if (!string.IsNullOrEmpty(variant)) new CpuBackend(1).Dispose();
            DeviceChoice choice = new(parsed.GetValue(device)!, parsed.GetValue(threads), PrecisionOf(parsed.GetValue(precision)));
            choice.Require(training);
            return choice;
        };
    }

    /// <summary>What the choice of a device says goes where progress goes.</summary>
    public static void Say(string text) => Console.Error.WriteLine(text);

    static ElementType? PrecisionOf(string? name) => name switch { "fp32" => ElementType.Float32, "bf16" => ElementType.BFloat16, "fp16" => ElementType.Float16, _ => null };

    public static Pooler? PoolerOf(string? name) => Core.Model.Poolers.Pooler.TryParse(name, out Pooler? pooler) ? pooler : null;

    /// <summary>Opens a model for inference, and says what a bare folder is taken for.</summary>
    public static SentenceEncoder Open(string model, EncoderOptions options)
    {
        SentenceEncoder encoder = SentenceEncoder.Load(model, options);
        if (encoder.Folder.IsBare && options.Pooler is null) Console.Error.WriteLine($"{model}: says nothing of pooling: avg, not normalised");
        return encoder;
    }

    public static void ReportTruncated(SentenceEncoder encoder)
    {
        if (encoder.Truncated > 0) Console.Error.WriteLine($"{encoder.Truncated} sentences were longer than {encoder.MaxLength} tokens and were cut off there");
    }
}
