using System.CommandLine;
using EsimCse.Core;
using EsimCse.Formats;
using EsimCse.Formats.Parts;

namespace EsimCse.Cli;

/// <summary>The options of an output in parts.</summary>
/// <param name="Format">The format of the parts.</param>
/// <param name="ChunkRows">Rows of a part.</param>
/// <param name="Shard">The share of this process.</param>
/// <param name="Overwrite">Whether an earlier output in the folder is replaced.</param>
sealed record PartOptions(VectorFormat Format, int ChunkRows, Shard Shard, bool Overwrite)
{
    /// <summary>Adds the options to a command and returns their reader, null where the output is one file.</summary>
    public static Func<ParseResult, string, PartOptions?> AddTo(Command command)
    {
        string names = string.Join(", ", VectorFormat.All.Select(format => format.Name));
        const string rows = "Rows of a part where the output is a folder, DIR/; 0, the default, for one file.";
        Option<int?> chunkRows = CommonOptions.Number("--chunk-rows", rows, 0);
        Option<string?> format = new("--format") { Description = $"The format of parts: {names}." };
        Option<bool> overwrite = new("--overwrite")
        {
            Description = "Replaces another job in the folder; without it the job goes on where it stopped.",
        };
        command.Add(chunkRows);
        command.Add(format.Checked(name => VectorFormat.FromName(name!) is not null, names));
        Func<ParseResult, Shard?> shard = ShardOption.AddTo(command);
        command.Add(overwrite);
        return (parsed, target) =>
        {
            int rowsOfPart = parsed.GetValue(chunkRows) ?? 0;
            return Create(target, parsed.GetValue(format), rowsOfPart, shard(parsed), parsed.GetValue(overwrite));
        };
    }

    /// <summary>Returns whether an output is a folder: its name ends so, or there is one of that name.</summary>
    public static bool IsFolder(string target) => Path.EndsInDirectorySeparator(target) || Directory.Exists(target);

    static PartOptions? Create(string target, string? format, int chunkRows, Shard? shard, bool overwrite)
    {
        if (!IsFolder(target))
        {
            if (chunkRows > 0) throw NeedsFolder($"--chunk-rows {chunkRows}");
            if (format is not null) throw NeedsFolder($"--format {format}");
            if (shard is not null) throw NeedsFolder($"--shard {shard}");
            return null;
        }
        if (chunkRows == 0) throw Needs("--chunk-rows N");
        if (format is null) throw Needs("--format F");
        return new PartOptions(VectorFormat.FromName(format)!, chunkRows, shard ?? Shard.Whole, overwrite);

        UsageException NeedsFolder(string option) =>
            new($"{option}: --output: found {target}, expected a folder, as DIR/");

        UsageException Needs(string option) => new($"--output {target}: a folder of parts, which needs {option}");
    }
}
