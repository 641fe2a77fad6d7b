using System.CommandLine;
using System.Globalization;
using EsimCse.Core;
using EsimCse.Formats.Parts;

namespace EsimCse.Cli;

/// <summary>The option --shard, also from the variables of the program that started this process.</summary>
static class ShardOption
{
    const string Automatic = "auto";
    const string Expected = "I/N with I from 0 to N - 1, or auto";

    /// <summary>
    /// The variables of programs that start processes. Those of an array come first, because its tasks may start
    /// processes; those of srun last, because a batch script has them too.
    /// </summary>
    static readonly Launcher[] Launchers =
    [
        new("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT")
        {
            First = "SLURM_ARRAY_TASK_MIN",
            Step = "SLURM_ARRAY_TASK_STEP",
        },
        new("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
        new("RANK", "WORLD_SIZE"),
        new("JOB_COMPLETION_INDEX", "ESIMCSE_SHARDS"),
        new("SLURM_PROCID", "SLURM_NTASKS"),
    ];

    /// <summary>Adds the option to a command and returns its reader.</summary>
    public static Func<ParseResult, Shard?> AddTo(Command command)
    {
        string variables = string.Join(", ", Launchers.Select(launcher => launcher.Index));
        Option<string?> option = new("--shard")
        {
            Description = $"The part of the work of this process, as I/N: the chunks c with c mod N = I. With auto " +
                $"from the first of {variables} that is set. All chunks by default.",
        };
        command.Add(option.Checked(text => text == Automatic || Shard.TryParse(text!) is not null, Expected));
        return parsed => parsed.GetValue(option) switch
        {
            null => null,
            Automatic => Find(Environment.GetEnvironmentVariable),
            var text => Shard.TryParse(text),
        };
    }

    /// <summary>Returns the shard that environment variables state.</summary>
    /// <exception cref="UsageException">None is set, or one is missing or not valid.</exception>
    public static Shard Find(Func<string, string?> variable)
    {
        foreach (Launcher launcher in Launchers)
        {
            if (variable(launcher.Index) is not { Length: > 0 }) continue;
            int offset = Read(launcher.Index) - (launcher.First is { } first ? Read(first) : 0);
            int step = launcher.Step is { } name && variable(name) is not null ? Read(name) : 1;
            int count = Read(launcher.Count);
            if (offset >= 0 && step > 0 && offset % step == 0 && offset / step < count)
                return new Shard(offset / step, count);
            throw OutOfRange(launcher, variable, count);
        }
        string expected = string.Join(", ", Launchers.Select(launcher => launcher.Index));
        throw new UsageException($"--shard auto: found no variable of a launcher, expected one of {expected}");

        int Read(string name)
        {
            string? text = variable(name);
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value)) return value;
            string found = string.IsNullOrEmpty(text) ? "nothing" : text;
            throw new UsageException($"--shard auto: {name}: found {found}, expected a whole number");
        }
    }

    static UsageException OutOfRange(Launcher launcher, Func<string, string?> variable, int count)
    {
        string? found = variable(launcher.Index);
        string indices = launcher.First is { } first ? $"{count} indices from {variable(first)}" : $"0 … {count - 1}";
        return new($"--shard auto: {launcher.Index}: found {found}, expected {indices}, by {launcher.Count}");
    }

    /// <summary>The variables that a launcher sets for its processes.</summary>
    /// <param name="Index">The process's index.</param>
    /// <param name="Count">The number of processes.</param>
    sealed record Launcher(string Index, string Count)
    {
        /// <summary>The first index; 0 without it.</summary>
        public string? First { get; init; }

        /// <summary>The difference of two indices; 1 without it.</summary>
        public string? Step { get; init; }
    }
}
