using System.CommandLine;
using EsimCse.Core;
using EsimCse.Reports;

namespace EsimCse.Cli;

/// <summary>The command <c>report</c>.</summary>
static class ReportCommand
{
    /// <summary>The name of the report that other commands write into their folder.</summary>
    public const string FileName = "report.html";

    public static Command Create()
    {
        Argument<string[]> folders = new("DIR")
        {
            Description = "Folders of runs, or folders of such folders, as sweep writes them.",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<string> output = new("--output")
        {
            Description = "The .html file to write, or - for standard output.",
            DefaultValueFactory = _ => FileName,
        };
        Command command = new("report", "Writes one HTML page about training runs.") { folders, output };
        command.OnRun((parsed, _) => Write(parsed.GetValue(folders)!, parsed.GetValue(output)!));
        return command;
    }

    static void Write(IEnumerable<string> folders, string output)
    {
        if (output == "-")
        {
            using Stream stream = Console.OpenStandardOutput();
            ReportPage.Write(folders, stream);
            return;
        }
        if (!output.EndsWith(".html", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--output {output}: expected a name that ends in .html");
        OutputPath.RequireFolder(output);
        ReportPage.Write(folders, output);
    }
}
