using System.CommandLine;
using EsimCse.Core;
using EsimCse.Formats;

namespace EsimCse.Cli;

/// <summary>The output of embed.</summary>
/// <param name="Target">
/// A file whose extension selects the format, - for standard output, as jsonl, or a folder of parts.
/// </param>
/// <param name="Type">The type in which elements are stored.</param>
/// <param name="Parts">The options of parts; null for a file and for standard output.</param>
sealed record VectorOutput(string Target, OutputType Type, PartOptions? Parts)
{
    const string StandardOutput = "-";

    /// <summary>Whether vectors go to standard output.</summary>
    public bool IsStandardOutput => Target == StandardOutput;

    /// <summary>The format of the file or the parts; null for standard output.</summary>
    VectorFormat? Format => Parts?.Format ?? VectorFormat.Find(Target);

    static string Files => string.Join(", ", VectorFormat.All.Select(format => $"FILE{format.Extension}"));

    /// <summary>Adds the options of the output to a command and returns their reader.</summary>
    public static Func<ParseResult, VectorOutput> AddTo(Command command)
    {
        Option<string> target = TargetOption();
        Option<string> type = TypeOption();
        command.Add(target);
        command.Add(type);
        Func<ParseResult, string, PartOptions?> parts = PartOptions.AddTo(command);
        return parsed =>
        {
            string path = parsed.GetValue(target)!;
            return new(path, OutputTypes.FromName(parsed.GetValue(type))!.Value, parts(parsed, path));
        };
    }

    /// <summary>Checks what can be checked before the input is read.</summary>
    /// <exception cref="InvalidInputException">The folder of the output is missing.</exception>
    /// <exception cref="UsageException">
    /// The output is an input, or a file of the model, or its format does not have the type or carries no columns.
    /// </exception>
    public void Check(TextInputs inputs, string model, KeptInput kept)
    {
        IReadOnlyList<OutputType> types = Format?.Types ?? [OutputType.Float32];
        if (!types.Contains(Type)) throw Wrong($"--output-type {Type.Name()}", format => format.Types.Contains(Type));
        if (!kept.IsEmpty && Format is { Keeps: false }) throw Wrong("--keep", format => format.Keeps);
        if (Parts is not null)
        {
            OutputPath.CheckFolder(Target, inputs.Paths);
            return;
        }
        OutputPath.Check(Target, inputs.Paths, model);
        if (Type == OutputType.Int8) OutputPath.Check(VectorFile.ScalesPath(Target), inputs.Paths, model);
    }

    /// <summary>Writes vectors to a file or to standard output.</summary>
    /// <param name="dimension">Elements of a vector.</param>
    /// <param name="chunks">The vectors, in chunks of whole rows.</param>
    /// <param name="kept">The columns that are carried along.</param>
    public void Write(int dimension, IEnumerable<float[]> chunks, KeptColumns kept)
    {
        VectorRows rows = new(dimension, chunks, Type) { Kept = kept };
        if (!IsStandardOutput)
        {
            VectorFile.Write(Target, rows);
            return;
        }
        using Stream output = Console.OpenStandardOutput();
        new JsonLinesWriter().Write(output, rows);
    }

    static Option<string> TargetOption()
    {
        Option<string> option = new("--output")
        {
            Description = $"{Files}, a folder of parts DIR/, or - for standard output: one JSON array a line.",
            DefaultValueFactory = _ => StandardOutput,
        };
        return option.Checked(IsSupported, $"{Files}, DIR/ or -");

        static bool IsSupported(string target) =>
            target == StandardOutput || VectorFormat.Find(target) is not null || PartOptions.IsFolder(target);
    }

    static Option<string> TypeOption()
    {
        string names = string.Join(", ", OutputTypes.Names);
        const string meaning = "Any in .npy and .safetensors, fp32 or fp16 in .arrow, fp32 in the others. " +
            "int8 is scaled by one factor a column, from the first 100 000 rows, stored in OUTPUT.scales.npy; " +
            "binary has one bit an element, 1 where it is positive, eight columns a byte.";
        Option<string> option = new("--output-type")
        {
            Description = $"{names}. {meaning}",
            DefaultValueFactory = _ => OutputType.Float32.Name(),
        };
        return option.Checked(name => OutputTypes.FromName(name) is not null, names);
    }

    UsageException Wrong(string option, Func<VectorFormat, bool> isAble)
    {
        string expected = Parts is null ? "--output" : "--format";
        IEnumerable<string> able = VectorFormat.All.Where(isAble).Select(format => format.Extension);
        string found = Format?.Extension ?? "standard output";
        return new($"{option}: found {found}, expected {string.Join(" or ", able)} as {expected}");
    }
}
