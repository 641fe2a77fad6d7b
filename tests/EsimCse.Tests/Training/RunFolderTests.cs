using EsimCse.Core;
using EsimCse.Core.Files;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;
using EsimCse.Cpu;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Training;

public class RunFolderTests
{
    [Fact]
    public void An_output_that_holds_a_run_is_refused()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        SmallModel.Train(job);
        UsageException error = Assert.Throws<UsageException>(() => SmallModel.Train(job));
        Assert.Contains("--overwrite", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_model_that_training_starts_from_is_not_overwritten()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        SmallModel.Train(job);
        byte[] model = RunOutput.Model(job);
        TrainingJob onto = job with { Model = job.Output + "/", Config = null, Vocabulary = null, Overwrite = true };
        UsageException error = Assert.Throws<UsageException>(() => SmallModel.Train(onto));
        Assert.Contains("another folder", error.Message, StringComparison.Ordinal);
        Assert.Equal(model, RunOutput.Model(job));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void A_second_run_on_the_folder_is_told_and_removes_nothing(bool overwrite, bool resume)
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        using CpuBackend backend = new();
        using Trainer first = Trainer.Open(job, backend);
        using CpuBackend other = new();
        TrainingJob again = job with { Overwrite = overwrite, Resume = resume };
        string message = Assert.Throws<IOException>(() => Trainer.Open(again, other)).Message;
        Assert.Contains($"{job.Output}: in use", message, StringComparison.Ordinal);
        first.Run();
        first.Dispose();
        Assert.False(File.Exists(Path.Combine(job.Output, "training.lock")));
        SmallModel.Train(job with { Overwrite = true });
    }

    [Fact]
    public void A_refused_resume_leaves_no_lock()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        SmallModel.Train(job);
        TrainingJob changed = job with { Resume = true, Options = job.Options with { LearningRate = 1e-2f } };
        Assert.Throws<UsageException>(() => SmallModel.Train(changed));
        Assert.False(File.Exists(Path.Combine(job.Output, "training.lock")));
    }

    [Fact]
    public void A_run_whose_best_model_is_gone_is_not_resumed()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run") with { EvaluationData = small.Folder };
        SmallModel.Train(job);
        File.Delete(Path.Combine(job.Output, "checkpoints", "best.safetensors"));
        SmallModel.Train(job with { Resume = true });
        File.Delete(Path.Combine(job.Output, "model.safetensors"));
        string message =
            Assert.Throws<InvalidInputException>(() => SmallModel.Train(job with { Resume = true })).Message;
        Assert.Contains("best.safetensors", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_batch_of_one_sentence_without_a_queue_is_refused()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        TrainingOptions options = job.Options with { BatchSize = 1, QueueSize = 0 };
        string message = Refusal(job with { Options = options });
        Assert.Contains("--batch-size 1", message, StringComparison.Ordinal);
        File.WriteAllText(small.In("corpus.txt"), "the cat\n");
        message = Refusal(job with { Options = options with { BatchSize = 8 } });
        Assert.Contains("1 sentence", message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(job.Output));

        static string Refusal(TrainingJob job) => Assert.Throws<UsageException>(() => SmallModel.Train(job)).Message;
    }

    [Fact]
    public void Data_that_the_run_would_delete_is_refused()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        string data = Path.Combine(job.Output, "checkpoints", "corpus.txt");
        Directory.CreateDirectory(Path.GetDirectoryName(data)!);
        File.Copy(small.In("corpus.txt"), data);
        Assert.Throws<UsageException>(() => SmallModel.Train(job with { Data = [data], Overwrite = true }));
        Assert.True(File.Exists(data));
    }

    [Fact]
    public void A_damaged_head_that_is_not_trained_is_found_before_the_run_starts()
    {
        using SavedModel saved = new();
        saved.ChangeTensors(tensors => tensors.Select(tensor => tensor.Name == "pooler.dense.bias"
            ? TensorToWrite.Floats(tensor.Name, [16], () => [.. new float[15], float.NaN])
            : tensor));
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        job = job with
        {
            Model = saved.Folder,
            Config = null,
            Vocabulary = null,
            Options = job.Options with { Pooler = Pooler.Avg },
        };
        string message = Assert.Throws<InvalidInputException>(() => SmallModel.Train(job)).Message;
        Assert.Contains("pooler.dense.bias", message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(job.Output));
    }

    [Fact]
    public void Options_out_of_range_are_refused_before_anything_is_written()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        job = job with { Options = job.Options with { Temperature = 0 } };
        UsageException error = Assert.Throws<UsageException>(() => SmallModel.Train(job));
        Assert.Contains("--temperature", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(job.Output));
    }
}
