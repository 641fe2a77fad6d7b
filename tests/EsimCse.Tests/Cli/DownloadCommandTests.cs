using System.Diagnostics;
using System.Runtime.InteropServices;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cli;

public sealed partial class DownloadCommandTests : IClassFixture<TrainedModel>, IDisposable
{
    readonly FakeHub _hub = new();
    readonly TrainedModel _model;

    public DownloadCommandTests(TrainedModel model)
    {
        _model = model;
        _hub.AddFolder(model.Run);
    }

    KeyValuePair<string, string>[] Offline => [.. _hub.Variables, new("HF_HUB_OFFLINE", "1")];

    KeyValuePair<string, string>[] Unreachable => [.. _hub.Variables, new("HF_ENDPOINT", NoNetwork.Endpoint)];

    string Partial => _hub.Blob(FakeHub.Weights) + ".incomplete";

    public void Dispose() => _hub.Dispose();

    ChildProcess StartDownload(params string[] wrapper)
    {
        IEnumerable<string> variables = _hub.Variables.Select(variable => $"{variable.Key}={variable.Value}");
        string[] download = [.. wrapper, .. Tool.Command, "download", FakeHub.Id];
        return Tool.Start("/usr/bin/env", ["--default-signal=INT", .. variables, .. download]);
    }

    /// <summary>Makes the weights arrive over seconds.</summary>
    void SlowDown() => _hub.CdnFault = request =>
    {
        byte[] weights = _hub.Files[FakeHub.Weights];
        return IsOfWeights(request) && request.Header("Range") is null
            ? new(200, weights) { PartBytes = weights.Length / 40, Delay = TimeSpan.FromMilliseconds(100) }
            : null;
    };

    bool IsOfWeights(LocalRequest request) =>
        request.Path.Contains(FakeHub.Hash(_hub.Files[FakeHub.Weights]), StringComparison.Ordinal);

    bool HasPart() => File.Exists(Partial) && new FileInfo(Partial).Length > 0;

    void AssertContinued()
    {
        Assert.True(HasPart());
        Assert.False(File.Exists(_hub.Blob(FakeHub.Weights)));
        Assert.Equal(3, Tool.Start(Offline, "download", FakeHub.Id).Code);
        (int code, string output, _) = Tool.Start(_hub.Variables, "download", FakeHub.Id);
        Assert.Equal((0, _hub.Snapshot + "\n"), (code, output));
        Assert.NotNull(_hub.CdnRequests[^1].Header("Range"));
        Assert.Equal(_hub.Files[FakeHub.Weights], File.ReadAllBytes(_hub.Blob(FakeHub.Weights)));
    }

    [Fact]
    public void The_path_of_the_snapshot_is_the_output()
    {
        (int code, string output, string error) =
            Tool.Start(_hub.Variables, "download", FakeHub.Id, "--revision", "v1");
        Assert.Equal((0, _hub.Snapshot + "\n"), (code, output));
        Assert.Contains("org/small: downloading model.safetensors\n", error, StringComparison.Ordinal);
        Assert.Equal(_hub.Commit, File.ReadAllText(Path.Combine(_hub.Repository, "refs", "v1")));
    }

    [Fact]
    public void Commands_take_an_id_in_place_of_a_folder_and_work_offline_afterwards()
    {
        string[][] commands =
        [
            ["embed", "MODEL", _model.In("corpus.txt")],
            ["similarity", "MODEL", "the cat", "a dog"],
            ["eval", "MODEL", "--data", _model.Folder, "--sets", "stsb-dev"],
            ["tokenize", "MODEL", _model.In("corpus.txt")],
        ];
        foreach (string[] command in commands)
        {
            string[] byFolder = [.. command.Select(word => word == "MODEL" ? _model.Run : word)];
            string[] byId = [.. command.Select(word => word == "MODEL" ? FakeHub.Id : word)];
            string expected = Tool.Run("", byFolder).Output.Replace(_model.Run, FakeHub.Id, StringComparison.Ordinal);
            Assert.NotEmpty(expected);
            (int code, string output, string error) = Tool.Start(_hub.Variables, byId);
            Assert.True(code == 0, error);
            Assert.Equal(expected, output);
            int requests = _hub.Requests.Length;
            Assert.Equal(expected, Tool.Start(Offline, byId).Output);
            Assert.Equal(requests, _hub.Requests.Length);
        }
    }

    [Fact]
    public void Train_and_sweep_take_an_id()
    {
        string[] options =
        [
            FakeHub.Id, "--data", _model.In("corpus.txt"), "--max-steps", "2", "--batch-size", "8", "--device", "cpu",
        ];
        string trained = _hub.In("trained"), swept = _hub.In("swept");
        (int code, _, string error) = Tool.Start(_hub.Variables, ["train", .. options, "--output", trained]);
        Assert.True(code == 0, error);
        Assert.Equal(FakeHub.Id, RunDescription.Read(trained).Model);
        (code, _, error) =
            Tool.Start(_hub.Variables, ["sweep", .. options, "--output", swept, "--grid", "queue-size=0"]);
        Assert.True(code == 0, error);
    }

    [Theory]
    [InlineData("tokenize", 0)]
    [InlineData("tune", 1)]
    public void Commands_without_weights_fetch_none(string command, int expected)
    {
        (int code, _, string error) = Tool.Start(_hub.Variables, command, FakeHub.Id, "--device", "cpu");
        Assert.True(code == expected, error);
        Assert.True(File.Exists(_hub.Blob("config.json")));
        Assert.DoesNotContain(_hub.CdnRequests, IsOfWeights);
    }

    [Fact]
    public void Errors_are_one_line_with_their_codes()
    {
        AssertError(2, "hub id: found '../small'", _hub.Variables, "download", "../small");
        AssertError(2, "revision: found '../x'", _hub.Variables, "download", FakeHub.Id, "--revision", "../x");
        AssertError(2, "HF_ENDPOINT: found nowhere", [new("HF_ENDPOINT", "nowhere")], "download", FakeHub.Id);
        AssertError(3, "org/other: no such repository", _hub.Variables, "embed", "org/other");
        AssertError(3, "org/small: no such revision v9", _hub.Variables, "download", FakeHub.Id, "--revision", "v9");
        AssertError(3, "org/small at main: offline, and it is not in the cache", Offline, "embed", FakeHub.Id);
        AssertError(3, "./org/small: no such folder", Unreachable, "embed", "./org/small");
        AssertError(3, "/org/small: no such folder", Unreachable, "tokenize", "/org/small");
    }

    [Fact]
    public void A_hub_that_is_closed_is_a_failure_that_names_it()
    {
        _hub.Fault = _ => new(503, ("Retry-After", "86400"));
        string host = $"org/small: {_hub.Settings.Host}: answers 503 (Status) to ";
        AssertError(1, host, _hub.Variables, "download", FakeHub.Id);
        AssertError(1, host, _hub.Variables, "embed", FakeHub.Id);
    }

    static void AssertError(
        int code, string message, KeyValuePair<string, string>[] variables, params string[] arguments)
    {
        (int found, string output, string error) = Tool.Start(variables, arguments);
        Assert.Equal((code, ""), (found, output));
        Assert.StartsWith($"esimcse: {message}", error, StringComparison.Ordinal);
        Assert.Equal(error.Length - 1, error.IndexOf('\n', StringComparison.Ordinal));
    }

    [Fact]
    public void Two_processes_at_once_end_with_one_download()
    {
        SlowDown();
        using ChildProcess first = StartDownload(), second = StartDownload();
        foreach (ChildProcess process in new[] { first, second })
        {
            (int code, string output, _) = process.Finish();
            Assert.Equal((0, _hub.Snapshot + "\n"), (code, output));
        }
        Assert.Single(_hub.CdnRequests, IsOfWeights);
    }

    [Fact]
    public async Task A_killed_download_is_continued()
    {
        SlowDown();
        using Process process = StartDownload();
        await Tool.WaitUntil(process, HasPart, "a part of the weights");
        process.Kill();
        await Tool.WaitForExit(process, "the kill");
        AssertContinued();
    }

    [Fact]
    public async Task An_interrupted_download_ends_at_once_and_is_continued()
    {
        SlowDown();
        using Process process = StartDownload();
        await Tool.WaitUntil(process, HasPart, "a part of the weights");
        Assert.Equal(0, Kill(process.Id, signal: 2));
        Assert.Equal(130, await Tool.WaitForExit(process, "the interrupt"));
        AssertContinued();
    }

    [Fact]
    public void A_full_disk_is_a_failure_that_leaves_no_final_name()
    {
        Assert.SkipUnless(File.Exists("/bin/bash"), "there is no bash");
        _hub.Files[FakeHub.Weights] = new byte[100_000];
        // The runtime's own mappings count as files unless W^X is off.
        const string limited = "trap '' XFSZ; ulimit -f 20; export DOTNET_EnableWriteXorExecute=0; exec \"$@\"";
        using ChildProcess process = StartDownload("/bin/bash", "-c", limited, "bash");
        (int code, _, string error) = process.Finish();
        Assert.True(code == 1, error);
        Assert.Contains($"esimcse: {Partial}: ", error, StringComparison.Ordinal);
        Assert.False(Path.Exists(_hub.Blob(FakeHub.Weights)));
        Assert.Null(new FileInfo(Path.Combine(_hub.Snapshot, FakeHub.Weights)).LinkTarget);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
