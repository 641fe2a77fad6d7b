using System.CommandLine;
using EsimCse.Core;
using EsimCse.Core.Files;
using EsimCse.Search;

namespace EsimCse.Cli;

/// <summary>The command <c>index</c>.</summary>
static class IndexCommand
{
    public static Command Create()
    {
        Argument<string> vectors = new("VECTORS")
        {
            Description = "The vectors: a .npy file of fp32 or fp16, rows x dimension, as embed writes it.",
        };
        Option<string> output = new("--output")
        {
            Description = "The folder to write; an index in it is replaced.",
            Required = true,
        };
        Option<string?> text = new("--text") { Description = "A file with a text for each row, which search shows." };
        Option<string?> column = CommonOptions.Column();
        Option<string> kind = new("--kind")
        {
            Description = "exact: a search compares the query with every vector.",
            DefaultValueFactory = _ => IndexDescription.Exact,
        };
        Command command = new("index", "Writes an index of vectors for search.")
        {
            vectors, output, text, column, kind.Checked(name => name == IndexDescription.Exact, IndexDescription.Exact),
        };
        command.OnRun((parsed, stop) => Write(
            parsed.GetValue(vectors)!,
            parsed.GetValue(output)!,
            parsed.GetValue(text),
            parsed.GetValue(column),
            stop));
        return command;
    }

    static void Write(string vectorsPath, string output, string? text, string? column, CancellationToken stop)
    {
        OutputPath.RequireFolder(Path.TrimEndingDirectorySeparator(output));
        foreach (string input in new[] { vectorsPath, text ?? TextInputs.StandardInput })
            if (input != TextInputs.StandardInput && FileIdentity.Contains(output, input))
                throw new UsageException($"--output {output}: holds the input {input}, expected another folder");
        if (text is null && column is not null)
            throw new UsageException($"--column {column}: found no --text, whose column it is");
        IndexFolder.CheckReplaceable(output);
        using MappedVectors vectors = MappedVectors.Open(vectorsPath);
        TextInputs? inputs = text is null ? null : TextInputs.Create(text);
        IEnumerable<string>? texts = inputs?.Read(column).Select(row => row.Text);
        IndexFolder.Write(output, vectors, texts, text is null ? null : TextInputs.NameOf(text), stop);
        Console.Error.WriteLine($"{output}: {vectors.Rows} rows of {vectors.Dimension}, {IndexDescription.Exact}");
    }
}
