using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Training;

public class RunDescriptionTests
{
    [Fact]
    public void A_run_is_described_from_its_start()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        RunDescription? read = null;
        SmallModel.Train(job, progress: _ => read ??= RunDescription.Read(job.Output));
        Assert.Equal("config.json", read!.Model);
        Assert.Equal(["corpus.txt"], read.Data);
        Assert.Equal((45, 14), (read.Sentences, read.Steps));
        Dictionary<string, string> options = read.Options.ToDictionary();
        foreach (TrainingOption row in TrainingOptionTable.Rows)
            Assert.Equal(row.Format(job.Options), options.GetValueOrDefault(row.Name.TrimStart('-')));
        Assert.Equal("fp32", options["precision"]);
        Assert.Equal(["--data", "--from-scratch", "--eval-data's stsb-dev"], read.Inputs.Select(input => input.Key));
    }

    [Fact]
    public void A_folder_that_training_starts_from_is_named_without_its_path()
    {
        using SavedModel saved = new();
        using SmallModel small = new();
        TrainingJob job = small.Job("run") with { Model = saved.Folder + "/", Config = null, Vocabulary = null };
        SmallModel.Train(job);
        Assert.Equal("run", RunDescription.Read(job.Output).Model);
        string text = File.ReadAllText(Path.Combine(job.Output, "run.json"));
        Assert.DoesNotContain(Path.GetTempPath(), text, StringComparison.Ordinal);
    }
}
