using System.Runtime.InteropServices;
using EsimCse.Core;
using EsimCse.Core.Files;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;
using EsimCseNative;

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

    [Fact]
    public void A_link_to_the_model_that_training_starts_from_is_that_model()
    {
        using SavedModel saved = new();
        using SmallModel small = new();
        Directory.CreateSymbolicLink(small.In("link"), saved.Folder);
        TrainingJob job = small.Job("link") with { Model = saved.Folder, Config = null, Overwrite = true };
        Assert.Throws<UsageException>(() => SmallModel.Train(job));
        Assert.True(File.Exists(saved.In("model.safetensors")));
    }

    [Fact]
    public void An_input_that_is_not_valid_leaves_the_run_that_was_to_be_replaced()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        SmallModel.Train(job);
        string[] files = Directory.GetFiles(job.Output, "*", SearchOption.AllDirectories);
        File.WriteAllText(small.In("bad.jsonl"), "\"a\"\n5\n");
        TrainingJob bad = job with { Data = [small.In("bad.jsonl")], Overwrite = true };
        Assert.Throws<InvalidInputException>(() => SmallModel.Train(bad));
        Assert.Equal(files, Directory.GetFiles(job.Output, "*", SearchOption.AllDirectories));
        Assert.Throws<InvalidInputException>(() => SmallModel.Train(bad with { Output = small.In("new") }));
        Assert.False(Directory.Exists(small.In("new")));
    }

    [Fact]
    public void A_checkpoint_whose_best_model_is_gone_is_not_resumed()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        SmallModel.Train(job);
        string best = Path.Combine(RunOutput.Checkpoints(job), "best.safetensors");
        File.Delete(best);
        byte[] model = RunOutput.Model(job);
        SmallModel.Train(job with { Resume = true });
        Assert.Equal(model, RunOutput.Model(job));

        File.Delete(RunOutput.ModelPath(job));
        Assert.Contains("no such file", ResumeError(), StringComparison.Ordinal);
        Dictionary<string, string> worse = new() { ["best_score"] = "-1", ["best_step"] = "0" };
        SafetensorsWriter.Write(best, [], worse);
        Assert.Contains("found another model", ResumeError(), StringComparison.Ordinal);
        File.WriteAllText(best, "truncated");
        ResumeError();

        string ResumeError()
        {
            string message =
                Assert.Throws<InvalidInputException>(() => SmallModel.Train(job with { Resume = true })).Message;
            Assert.Contains(best, message, StringComparison.Ordinal);
            return message;
        }
    }

    [Theory]
    [InlineData("avg")]
    [InlineData("cls_before_pooler")]
    public void A_head_that_is_not_trained_stays_as_it_was_stored(string pooler)
    {
        using SavedModel saved = new();
        using SmallModel small = new();
        saved.ChangeTensors(tensors => tensors.Select(MakeNaN));
        TrainingJob job = small.Job("run") with { Model = saved.Folder, Config = null, Vocabulary = null };
        Assert.True(Pooler.TryParse(pooler, out Pooler? parsed));
        SmallModel.Train(job with { Options = job.Options with { Pooler = parsed, MaxSteps = 2 } });
        using SafetensorsFile model = SafetensorsFile.Open(RunOutput.ModelPath(job));
        Assert.True(float.IsNaN(model.Span<float>(model.Tensors["pooler.dense.bias"])[3]));
        using SentenceEncoder encoder = OnCpu.Load(job.Output, null);
        Assert.All(encoder.Encode("the cat"), value => Assert.True(float.IsFinite(value)));
    }

    [Fact]
    public void A_head_of_another_shape_is_refused_before_the_run_begins()
    {
        using SavedModel saved = new();
        using SmallModel small = new();
        saved.ChangeTensors(tensors => tensors.Select(tensor =>
            tensor.Name == "pooler.dense.bias" ? TensorToWrite.Floats(tensor.Name, [3], () => new float[3]) : tensor));
        TrainingJob job = small.Job("run") with { Model = saved.Folder, Config = null, Vocabulary = null };
        job = job with { Options = job.Options with { Pooler = Pooler.Avg } };
        string message = Assert.Throws<InvalidInputException>(() => SmallModel.Train(job)).Message;
        Assert.Contains("pooler.dense.bias", message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(job.Output));
    }

    static TensorToWrite MakeNaN(TensorToWrite tensor)
    {
        if (tensor.Name != "pooler.dense.bias") return tensor;
        float[] values = MemoryMarshal.Cast<byte, float>(tensor.Data().Span).ToArray();
        values[3] = float.NaN;
        return TensorToWrite.Floats(tensor.Name, tensor.Shape, () => values);
    }

    [Fact]
    public void Options_out_of_range_are_refused_before_anything_is_written()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        AssertNamed("--temperature", job with { Options = job.Options with { Temperature = 0 } });
        AssertNamed("--warmup 14", job with { Options = job.Options with { Warmup = 14 } });
        AssertNamed("--columns a", job with { Columns = ["a"] });

        static void AssertNamed(string option, TrainingJob job)
        {
            UsageException error = Assert.Throws<UsageException>(() => SmallModel.Train(job));
            Assert.Contains(option, error.Message, StringComparison.Ordinal);
            Assert.False(Directory.Exists(job.Output));
        }
    }
}
