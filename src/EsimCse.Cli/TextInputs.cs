using System.CommandLine;
using EsimCse.Core;
using EsimCse.Core.Files;
using EsimCse.Core.Text;
using EsimCse.Formats;

namespace EsimCse.Cli;

/// <summary>The inputs of a command: files in their order, or standard input alone.</summary>
/// <param name="paths">The files, or - alone.</param>
sealed class TextInputs(IReadOnlyList<string> paths)
{
    /// <summary>The path of standard input.</summary>
    public const string StandardInput = "-";

    /// <summary>The files, or - alone.</summary>
    public IReadOnlyList<string> Paths => paths;

    /// <summary>Whether the input is standard input.</summary>
    public bool IsStandardInput => paths is [StandardInput];

    /// <summary>The size of all files.</summary>
    public long Bytes => paths.Where(File.Exists).Sum(path => new FileInfo(path).Length);

    /// <summary>Adds the argument to a command and returns its reader.</summary>
    public static Func<ParseResult, TextInputs> AddTo(Command command)
    {
        Argument<string[]> argument = new("INPUT")
        {
            Description = "Files of sentences, folders of them or globs in quotes, or - for standard input.",
            DefaultValueFactory = _ => [StandardInput],
        };
        command.Add(argument);
        return parsed => Create(parsed.GetValue(argument)!);
    }

    /// <summary>Reads the sentences of all inputs in their order. Remarks go to standard error.</summary>
    /// <param name="column">The column's name; null for the default.</param>
    /// <param name="keep">The names of columns that are carried along; none by default.</param>
    /// <exception cref="InvalidInputException">An input is missing or not valid.</exception>
    /// <exception cref="UsageException">A column was named where inputs have none, or must be chosen.</exception>
    public IEnumerable<SentenceRow> Read(string? column, IReadOnlyList<string>? keep = null)
    {
        TableFormats.Reader.CheckColumn(paths, column);
        foreach (string path in paths)
            if (path != StandardInput) InputFile.Require(path);
        return Number(paths.SelectMany(Read));

        IEnumerable<SentenceRow> Read(string path) => path == StandardInput
            ? SentenceFile.Read(Console.OpenStandardInput(), NameOf(path), Console.Error.WriteLine)
            : TableFormats.Reader.Read(path, column, Console.Error.WriteLine, keep);
    }

    /// <summary>Returns the name of an input in messages.</summary>
    public static string NameOf(string path) => path == StandardInput ? SentenceFile.StandardInput : path;

    static IEnumerable<SentenceRow> Number(IEnumerable<SentenceRow> rows)
    {
        long number = 0;
        foreach (SentenceRow row in rows) yield return row with { Number = number++ };
    }

    /// <summary>Returns the inputs that are given, with the files of folders and globs.</summary>
    /// <exception cref="UsageException">Standard input is not alone.</exception>
    public static TextInputs Create(params string[] given)
    {
        if (given.Length > 1 && given.Contains(StandardInput))
            throw new UsageException($"INPUT: found - and {given.Length - 1} more, expected - alone, or files");
        return new TextInputs(given is [StandardInput] ? given : InputFiles.Expand(given, TableFormats.Reader));
    }
}
