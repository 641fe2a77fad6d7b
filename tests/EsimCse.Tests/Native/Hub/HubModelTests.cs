using EsimCse.Core;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;
using EsimCseNative;
using EsimCseNative.Hub;

namespace EsimCse.Tests.Native.Hub;

/// <summary>Models by their ids, with the variables of this process.</summary>
public sealed class HubModelTests : IClassFixture<TrainedModel>, IDisposable
{
    readonly FakeHub _hub = new();
    readonly TrainedModel _model;

    public HubModelTests(TrainedModel model)
    {
        _model = model;
        _hub.AddFolder(model.Run);
        foreach ((string name, string value) in _hub.Variables) Environment.SetEnvironmentVariable(name, value);
    }

    public void Dispose()
    {
        NoNetwork.Close();
        _hub.Dispose();
    }

    [Fact]
    public void An_id_gives_the_vectors_of_the_folder()
    {
        using SentenceEncoder folder = OnCpu.Load(_model.Run);
        using SentenceEncoder hub = OnCpu.Load(FakeHub.Id);
        Assert.Equal(folder.Encode("the old cat"), hub.Encode("the old cat"));
        Assert.Equal(_hub.Snapshot, hub.Folder.Path);
        Assert.DoesNotContain(_hub.Requests, request => request.Path.Contains("checkpoints", StringComparison.Ordinal));
    }

    [Fact]
    public void Training_starts_from_an_id_and_keeps_it_as_the_name()
    {
        TrainingJob job = new()
        {
            Model = FakeHub.Id,
            Data = [_model.In("corpus.txt")],
            Output = _hub.In("trained"),
            Options = new() { MaxSteps = 2, BatchSize = 8, QueueSize = 0 },
        };
        EncoderTraining.Run(job, device: new("cpu"));
        TrainingJob same = job with { Model = _model.Run, Output = _hub.In("same") };
        EncoderTraining.Run(same, device: new("cpu"));
        Assert.Equal(RunOutput.Model(same), RunOutput.Model(job));
        Assert.Equal(FakeHub.Id, RunDescription.Read(job.Output).Model);
        Assert.Contains($"- Start: `{FakeHub.Id}`", File.ReadAllText(Path.Combine(job.Output, "README.md")));
    }

    [Fact]
    public void A_download_returns_the_folder_and_tells_its_progress()
    {
        List<DownloadProgress> progress = [];
        Assert.Equal(_hub.Snapshot, HubModel.Download(FakeHub.Id, progress: progress.Add));
        long size = _hub.Files[FakeHub.Weights].Length;
        Assert.Equal(new DownloadProgress(FakeHub.Weights, size, size), progress[^1]);
        Assert.Equal(_hub.Snapshot, HubModel.Download(FakeHub.Id, "v1"));
    }

    [Theory]
    [InlineData("/org/small", null)]
    [InlineData("./org/small", null)]
    [InlineData("org/small", "../x")]
    [InlineData("org/small", "")]
    [InlineData("org/small", "a//b")]
    [InlineData("org/small", "a\nb")]
    public void A_malformed_id_or_revision_is_a_usage_error(string id, string? revision)
    {
        Assert.Throws<UsageException>(() => HubModel.Download(id, revision));
        Assert.Empty(_hub.Requests);
    }

    [Theory]
    [InlineData("./org/small")]
    [InlineData("../small")]
    [InlineData("/org/small")]
    [InlineData("org/small/")]
    [InlineData("a/b/c")]
    [InlineData("")]
    public void A_path_is_no_id_and_keeps_its_error(string path)
    {
        string message = Assert.Throws<InvalidInputException>(() => OnCpu.Load(path)).Message;
        Assert.Equal($"{path}: no such folder", message);
        Assert.Empty(_hub.Requests);
    }

    [Fact]
    public void A_folder_or_a_file_of_that_name_goes_before_the_hub()
    {
        string name = $"folder{Guid.NewGuid():N}";
        DirectoryInfo folder = Directory.CreateDirectory(name);
        string file = $"file{Guid.NewGuid():N}";
        File.WriteAllText(file, "");
        Assert.All([name, file], path => Assert.Equal(path, HubModel.Resolve(path)));
        folder.Delete();
        File.Delete(file);
        Assert.Empty(_hub.Requests);
        string message = Assert.Throws<InvalidInputException>(() => HubModel.Resolve(name)).Message;
        Assert.StartsWith($"{name}: no such repository", message);
    }

    [Fact]
    public void A_download_is_cancelled_between_its_parts_and_continued()
    {
        using CancellationTokenSource stop = new();
        Assert.ThrowsAny<OperationCanceledException>(
            () => HubModel.Download(FakeHub.Id, progress: _ => stop.Cancel(), cancellation: stop.Token));
        Assert.False(Path.Exists(Path.Combine(_hub.Repository, "refs")));
        Assert.Equal(_hub.Snapshot, HubModel.Download(FakeHub.Id));
    }
}
