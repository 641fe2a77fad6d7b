using System.CommandLine;
using EsimCse.Core;
using EsimCse.Formats;

namespace EsimCse.Cli;

/// <summary>The output of embed.</summary>
/// <param name="Target">A file whose extension selects the format, or - for standard output, as jsonl.</param>
/// <param name="Type">The type in which elements are stored.</param>
sealed record VectorOutput(string Target, OutputType Type)
{
    const string StandardOutput = "-";

    /// <summary>Whether vectors go to standard output.</summary>
    public bool IsStandardOutput => Target == StandardOutput;

    static string Files => string.Join(", ", VectorFormat.All.Select(format => $"FILE{format.Extension}"));

    /// <summary>Adds the options of the output to a command and returns their reader.</summary>
    public static Func<ParseResult, VectorOutput> AddTo(Command command)
    {
        Option<string> target = TargetOption();
        Option<string> type = TypeOption();
        command.Add(target);
        command.Add(type);
        return parsed => new(parsed.GetValue(target)!, OutputTypes.FromName(parsed.GetValue(type))!.Value);
    }

    /// <summary>Checks what can be checked before the input is read.</summary>
    /// <exception cref="InvalidInputException">The folder of the output is missing.</exception>
    /// <exception cref="UsageException">
    /// The output is an input, or a file of the model, or its format does not have the type or carries no columns.
    /// </exception>
    public void Check(TextInputs inputs, string model, KeptInput kept)
    {
        if (!TypesOf(Target).Contains(Type)) throw Wrong($"--output-type {Type.Name()}", f => f.Types.Contains(Type));
        if (!kept.IsEmpty && !Keeps(Target)) throw Wrong("--keep", format => format.Keeps);
        OutputPath.Check(Target, inputs.Paths, model);
        if (Type == OutputType.Int8) OutputPath.Check(VectorFile.ScalesPath(Target), inputs.Paths, model);
    }

    /// <summary>Writes vectors.</summary>
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
            Description = $"{Files}, or - for standard output: one JSON array a line.",
            DefaultValueFactory = _ => StandardOutput,
        };
        return option.Checked(IsSupported, $"{Files} or -");

        static bool IsSupported(string target) => target == StandardOutput || VectorFormat.Find(target) is not null;
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

    static IReadOnlyList<OutputType> TypesOf(string target) =>
        target == StandardOutput ? [OutputType.Float32] : VectorFormat.Find(target)!.Types;

    static bool Keeps(string target) => target == StandardOutput || VectorFormat.Find(target)!.Keeps;

    UsageException Wrong(string option, Func<VectorFormat, bool> isAble)
    {
        string found = IsStandardOutput ? "standard output" : Path.GetExtension(Target);
        IEnumerable<string> able = VectorFormat.All.Where(isAble).Select(format => format.Extension);
        return new($"{option}: found {found}, expected {string.Join(" or ", able)} as --output");
    }
}
