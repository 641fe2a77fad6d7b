using EsimCse.Cli;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Training;

namespace EsimCse.Tests.Cli;

public class SweepGridTests
{
    static IReadOnlyList<(string Name, TrainingOptions Options)> Combine(
        string grid, string? seeds = null, params string[] given) =>
        SweepGrid.Combine(grid, seeds, new() { MaxSteps = 7 }, given);

    [Fact]
    public void Every_combination_is_a_run()
    {
        IReadOnlyList<(string Name, TrainingOptions Options)> runs =
            Combine("queue-size = 0, 160; repetition=none,subword", "3,1");
        Assert.Equal(
            [
                "queue-size=0,repetition=none,seed=3", "queue-size=0,repetition=none,seed=1",
                "queue-size=0,repetition=subword,seed=3", "queue-size=0,repetition=subword,seed=1",
                "queue-size=160,repetition=none,seed=3", "queue-size=160,repetition=none,seed=1",
                "queue-size=160,repetition=subword,seed=3", "queue-size=160,repetition=subword,seed=1",
            ],
            runs.Select(run => run.Name));
        TrainingOptions expected = new() { MaxSteps = 7, QueueSize = 0, Repetition = Augmentation.Subword, Seed = 1 };
        Assert.Equal(expected, runs[3].Options);
    }

    [Fact]
    public void A_value_names_its_folder_in_one_way() =>
        Assert.Equal(["learning-rate=3e-05"], Combine("learning-rate=0.00003").Select(run => run.Name));

    [Theory]
    [InlineData("queue=0", "--grid: found queue, expected one of pooler, ")]
    [InlineData("queue-size=many", "--queue-size: found many, expected a whole number")]
    [InlineData("dropout=0,1", "--dropout: found 1, expected a number from 0 to below 1")]
    [InlineData("queue-size", "--grid: found queue-size, expected OPTION=")]
    [InlineData("queue-size=", "--grid: found  with an empty part")]
    [InlineData("queue-size=0;", "--grid: found queue-size=0; with an empty part")]
    [InlineData("queue-size=0,00", "--grid: found queue-size 0 twice")]
    [InlineData("queue-size=0;queue-size=1", "--grid: queue-size is set twice")]
    [InlineData("max-steps=1,2", "--grid: max-steps is set twice")]
    [InlineData("seed=1;queue-size=0", "--grid: seed is set twice")]
    [InlineData("batch-size=1,2;queue-size=0", "--batch-size 1: a sentence alone")]
    public void A_grid_that_cannot_run_is_refused(string grid, string message)
    {
        UsageException error = Assert.Throws<UsageException>(() => Combine(grid, "1,2", "--max-steps"));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1,x", "--seed: found x, expected a whole number")]
    [InlineData("1,,2", "--seeds: found 1,,2 with an empty part")]
    [InlineData("1,1", "--seeds: found seed 1 twice")]
    public void Seeds_that_are_no_seeds_are_refused(string seeds, string message)
    {
        UsageException error = Assert.Throws<UsageException>(() => Combine("queue-size=0", seeds));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }
}
