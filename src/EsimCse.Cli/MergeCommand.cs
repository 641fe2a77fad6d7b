using System.CommandLine;
using EsimCse.Core;
using EsimCse.Core.Files;
using EsimCse.Formats;
using EsimCse.Formats.Parts;

namespace EsimCse.Cli;

/// <summary>The command <c>merge</c>.</summary>
static class MergeCommand
{
    public static Command Create()
    {
        Argument<string[]> folders = new("DIR")
        {
            Description = "The folders of parts that embed wrote for the shards of one job.",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<string> output = new("--output")
        {
            Description = "The file to write, of the parts' format.",
            Required = true,
        };
        string names = string.Join(", ", VectorFormat.All.Select(format => $"FILE{format.Extension}"));
        Command command = new("merge", "Joins parts to the file that one process would have written.")
        {
            folders, output.Checked(path => VectorFormat.Find(path) is not null, names),
        };
        command.OnRun((parsed, _) => Merge(parsed.GetValue(folders)!, parsed.GetValue(output)!));
        return command;
    }

    static void Merge(string[] folders, string output)
    {
        OutputPath.RequireFolder(output);
        if (folders.Any(folder => FileIdentity.AreSame(Path.GetDirectoryName(Path.GetFullPath(output))!, folder)))
            throw new UsageException($"--output {output}: in a folder of parts, expected another folder");
        PartMerge merge = PartMerge.Open(folders);
        string extension = Path.GetExtension(output);
        if (extension != merge.Extension)
            throw new UsageException($"--output {output}: found {extension}, expected {merge.Extension} as the parts");
        merge.Write(output);
        Console.Error.WriteLine($"{output}: {merge.Rows} rows of {merge.Count} parts");
    }
}
