using EsimCse.Core;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Training;

public sealed class OutputConflictTests : IDisposable
{
    readonly SmallModel _small = new();

    public void Dispose() => _small.Dispose();

    string Refusal(TrainingJob job)
    {
        string before = Snapshot();
        string message = Assert.Throws<UsageException>(() => SmallModel.Train(job with { Overwrite = true })).Message;
        Assert.Equal(before, Snapshot());
        return message;
    }

    string Snapshot() => string.Join('\n', Directory
        .GetFiles(_small.Folder, "*", SearchOption.AllDirectories)
        .Order()
        .Select(path => $"{path} {new FileInfo(path).Length}"));

    [Theory]
    [InlineData("run", "metrics.jsonl")]
    [InlineData("run", "checkpoints", "text.txt")]
    [InlineData("run", "vocab.txt")]
    [InlineData("run", "1_Pooling", "a", "b.txt")]
    public void Data_that_the_run_would_replace_is_refused(params string[] name)
    {
        string data = _small.In(name);
        Directory.CreateDirectory(Path.GetDirectoryName(data)!);
        File.Copy(_small.In("corpus.txt"), data);
        TrainingJob job = _small.Job("run");
        string message = Refusal(job with { Data = [_small.In("corpus.txt"), data] });
        Assert.StartsWith($"--data {data}: ", message, StringComparison.Ordinal);
        File.CreateSymbolicLink(_small.In("link.txt"), data);
        Refusal(job with { Data = [_small.In("link.txt")] });
    }

    [Fact]
    public void Dev_pairs_and_a_configuration_that_the_run_would_replace_are_refused()
    {
        TrainingJob job = _small.Job("run");
        Directory.CreateDirectory(_small.In("run", "checkpoints"));
        Directory.Move(_small.In("stsb"), _small.In("run", "checkpoints", "stsb"));
        string dev = Refusal(job with { EvaluationData = _small.In("run", "checkpoints") });
        Assert.StartsWith("--eval-data ", dev, StringComparison.Ordinal);
        string config = Refusal(job with { Output = _small.Folder, EvaluationData = null });
        Assert.StartsWith("--from-scratch ", config, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_inside_the_output_is_refused_where_the_run_would_replace_it()
    {
        SmallModel.Train(_small.Job("run"));
        Directory.Move(_small.In("run"), _small.In("model"));
        Directory.CreateDirectory(_small.In("run"));
        Directory.Move(_small.In("model"), _small.In("run", "checkpoints"));
        TrainingJob job = _small.Job("run") with { Config = null, Vocabulary = null };
        string message = Refusal(job with { Model = _small.In("run", "checkpoints") });
        Assert.StartsWith("MODEL ", message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_folder_of_the_encoder_is_the_model()
    {
        SmallModel.Train(_small.Job("run"));
        Directory.CreateDirectory(_small.In("model"));
        Directory.Move(_small.In("run"), _small.In("model", "0_Transformer"));
        File.WriteAllText(_small.In("model", "modules.json"), """
            [{"idx":0,"name":"0","path":"0_Transformer","type":"sentence_transformers.models.Transformer"},
            {"idx":1,"name":"1","path":"0_Transformer/1_Pooling","type":"sentence_transformers.models.Pooling"}]
            """);
        TrainingJob job = _small.Job("model") with { Model = _small.In("model"), Config = null, Vocabulary = null };
        string message = Refusal(job with { Output = _small.In("model", "0_Transformer") });
        Assert.Contains("starts from this model", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_files_in_the_output_folder_may_be_read()
    {
        Directory.CreateDirectory(_small.In("run"));
        Directory.Move(_small.In("stsb"), _small.In("run", "stsb"));
        File.Move(_small.In("corpus.txt"), _small.In("run", "corpus.txt"));
        TrainingJob job = _small.Job("run") with
        {
            Data = [_small.In("run", "corpus.txt")],
            EvaluationData = _small.In("run"),
        };
        SmallModel.Train(job);
        Assert.True(File.Exists(_small.In("run", "corpus.txt")));
    }
}
