using EsimCse.Cli;
using EsimCse.Core;
using EsimCse.Formats.Parts;

namespace EsimCse.Tests.Cli;

public class ShardOptionTests
{
    /// <summary>Finds the shard of variables given as NAME=VALUE, separated by spaces.</summary>
    static Shard Find(string variables)
    {
        Dictionary<string, string> values =
            variables.Split(' ').Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        return ShardOption.Find(values.GetValueOrDefault);
    }

    const string Batch = "SLURM_PROCID=0 SLURM_NTASKS=4 ";

    [Theory]
    [InlineData("SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=1", 2, 4)]
    [InlineData("SLURM_ARRAY_TASK_ID=6 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_STEP=2", 3, 4)]
    [InlineData(Batch + "SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_COUNT=2 SLURM_ARRAY_TASK_MIN=0", 1, 2)]
    [InlineData("SLURM_PROCID=1 SLURM_NTASKS=3", 1, 3)]
    [InlineData("OMPI_COMM_WORLD_RANK=2 OMPI_COMM_WORLD_SIZE=8", 2, 8)]
    [InlineData(Batch + "OMPI_COMM_WORLD_RANK=2 OMPI_COMM_WORLD_SIZE=8", 2, 8)]
    [InlineData(Batch + "RANK=1 WORLD_SIZE=2", 1, 2)]
    [InlineData("JOB_COMPLETION_INDEX=4 ESIMCSE_SHARDS=5", 4, 5)]
    public void The_launcher_s_variables_state_the_shard(string variables, int index, int count) =>
        Assert.Equal(new Shard(index, count), Find(variables));

    [Theory]
    [InlineData("HOME=/root", "found no variable of a launcher, expected one of SLURM_ARRAY_TASK_ID")]
    [InlineData("JOB_COMPLETION_INDEX=1", "ESIMCSE_SHARDS: found nothing, expected a whole number")]
    [InlineData("RANK=one WORLD_SIZE=2", "RANK: found one, expected a whole number")]
    [InlineData("RANK=2 WORLD_SIZE=2", "RANK: found 2, expected 0 … 1, by WORLD_SIZE")]
    [InlineData("SLURM_ARRAY_TASK_ID=9 SLURM_ARRAY_TASK_COUNT=2 SLURM_ARRAY_TASK_MIN=5",
        "SLURM_ARRAY_TASK_ID: found 9, expected 2 indices from 5, by SLURM_ARRAY_TASK_COUNT")]
    public void Variables_that_state_none_are_named(string variables, string message)
    {
        string error = Assert.Throws<UsageException>(() => Find(variables)).Message;
        Assert.Contains(message, error, StringComparison.Ordinal);
    }
}
