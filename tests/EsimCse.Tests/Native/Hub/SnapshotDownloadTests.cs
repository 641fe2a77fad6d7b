using System.Text;
using EsimCse.Tests.Support;
using EsimCseNative.Hub;

namespace EsimCse.Tests.Native.Hub;

public sealed class SnapshotDownloadTests : IDisposable
{
    readonly FakeHub _hub = new();

    public void Dispose() => _hub.Dispose();

    HubSettings Offline => _hub.Settings with { IsOffline = true };

    /// <summary>Settings of a hub that cannot be reached.</summary>
    HubSettings Unreachable => _hub.Settings with { Endpoint = NoNetwork.Endpoint };

    [Fact]
    public void The_files_that_are_read_are_cached_in_the_layout_of_huggingface_hub()
    {
        string[] read = _hub.AddModel();
        Assert.Equal(_hub.Snapshot, _hub.Download());
        _hub.AssertCached(read);
        Assert.Equal(_hub.Commit, File.ReadAllText(Path.Combine(_hub.Repository, "refs", "main")));
        foreach ((string file, string up) in new[] { ("config.json", "../.."), ("1_Pooling/config.json", "../../..") })
            Assert.Equal(
                $"{up}/blobs/{FakeHub.Hash(_hub.Files[file])}",
                new FileInfo(Path.Combine(_hub.Snapshot, file)).LinkTarget);
        Assert.Equal(
            [".locks", "models--org--small"], Directory.GetDirectories(_hub.Cache).Select(Path.GetFileName).Order());
        string locks = Path.Combine(_hub.Cache, ".locks", "models--org--small");
        Assert.True(File.Exists(Path.Combine(locks, FakeHub.Hash(_hub.Files[FakeHub.Weights]) + ".lock")));
    }

    [Fact]
    public void The_weights_are_asked_for_last()
    {
        _hub.AddModel();
        _hub.Download();
        Assert.EndsWith("/model.safetensors", _hub.Requests[^1].Path, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_download_asks_for_the_listing_only_and_one_of_a_commit_for_nothing()
    {
        _hub.AddModel();
        _hub.Download();
        int requests = _hub.Requests.Length;
        _hub.Download();
        Assert.Equal(requests + 1, _hub.Requests.Length);
        Assert.Equal(_hub.Snapshot, _hub.Download(revision: _hub.Commit));
        Assert.Equal(requests + 1, _hub.Requests.Length);
    }

    [Theory]
    [InlineData("v1")]
    [InlineData("refs/pr/1")]
    public void The_commit_of_a_revision_is_stored(string revision)
    {
        _hub.AddModel();
        Assert.Equal(_hub.Snapshot, _hub.Download(revision: revision));
        Assert.Equal(_hub.Commit, File.ReadAllText(Path.Combine(_hub.Repository, "refs", revision)));
        Assert.False(File.Exists(Path.Combine(_hub.Repository, "refs", "main")));
    }

    [Fact]
    public void A_new_commit_shares_the_blobs_that_did_not_change()
    {
        string[] read = _hub.AddModel();
        string old = _hub.Download();
        int weights = _hub.CdnRequests.Length;
        _hub.Commit = new('d', 40);
        _hub.Add("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nnew\n");
        Assert.NotEqual(old, _hub.Download());
        _hub.AssertCached(read);
        Assert.Equal(weights, _hub.CdnRequests.Length);
        Assert.Equal(_hub.Commit, File.ReadAllText(Path.Combine(_hub.Repository, "refs", "main")));
    }

    [Fact]
    public void Shards_that_the_index_names_are_fetched()
    {
        _hub.AddModel();
        _hub.Files["model-00001-of-00002.safetensors"] = _hub.Files[FakeHub.Weights];
        _hub.Add("model-00002-of-00002.safetensors", "small");
        _hub.Add("model-00003-of-00003.safetensors", "of another model");
        _hub.Files.Remove(FakeHub.Weights);
        _hub.Add("model.safetensors.index.json", """
            {"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors",
            "c":"model-00001-of-00002.safetensors"}}
            """);
        _hub.Download();
        _hub.AssertCached(
            "config.json", "vocab.txt", "modules.json", "1_Pooling/config.json", "model.safetensors.index.json",
            "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors");
        File.Delete(Path.Combine(_hub.Snapshot, "model-00002-of-00002.safetensors"));
        Assert.Contains("model-00002-of-00002.safetensors is not in the cache", _hub.Refusal(Offline));
    }

    [Theory]
    [InlineData("../other.safetensors")]
    [InlineData("/etc/passwd")]
    public void An_index_that_names_a_file_of_another_folder_is_refused(string shard)
    {
        _hub.AddModel();
        _hub.Files.Remove(FakeHub.Weights);
        _hub.Add("model.safetensors.index.json", $$$"""{"weight_map":{"a":"{{{shard}}}"}}""");
        Assert.Contains("model.safetensors.index.json: tensor 'a'", _hub.Refusal());
    }

    [Fact]
    public void Files_of_an_encoder_in_a_folder_of_its_own_and_of_Dense_are_fetched()
    {
        _hub.AddModel();
        const string package = "sentence_transformers.models";
        _hub.Add("modules.json", $$"""
            [{"idx":0,"name":"0","path":"0_Transformer","type":"{{package}}.Transformer"},
            {"idx":1,"name":"1","path":"1_Pooling","type":"{{package}}.Pooling"},
            {"idx":2,"name":"2","path":"2_Dense","type":"{{package}}.Dense"}]
            """);
        foreach (string file in new[] { "config.json", "vocab.txt", FakeHub.Weights })
        {
            _hub.Files["0_Transformer/" + file] = _hub.Files[file];
            _hub.Add(file, "not read");
        }
        _hub.Add("2_Dense/config.json", """
            {"in_features":16,"out_features":8,"bias":true,"activation_function":"torch.nn.modules.activation.Tanh"}
            """);
        _hub.Add("2_Dense/model.safetensors", "dense");
        _hub.Add("2_Dense/pytorch_model.bin", "not read");
        _hub.Download();
        _hub.AssertCached(
            "modules.json", "0_Transformer/config.json", "0_Transformer/vocab.txt", "0_Transformer/model.safetensors",
            "1_Pooling/config.json", "2_Dense/config.json", "2_Dense/model.safetensors");
    }

    [Fact]
    public void Without_safetensors_nothing_large_is_fetched()
    {
        _hub.AddModel();
        _hub.Files.Remove(FakeHub.Weights);
        string message = _hub.Refusal();
        Assert.StartsWith("org/small: found onnx/model.onnx, expected model.safetensors: ", message);
        Assert.Empty(_hub.CdnRequests);
    }

    [Fact]
    public void A_model_that_is_not_supported_ends_before_its_weights()
    {
        _hub.AddModel();
        _hub.Add("config.json", """{"model_type":"t5"}""");
        Assert.Contains("config.json: model_type: found \"t5\"", _hub.Refusal());
        Assert.Empty(_hub.CdnRequests);
        Assert.False(Path.Exists(Path.Combine(_hub.Repository, "refs")));
    }

    [Fact]
    public void Offline_the_cache_is_used_without_a_request()
    {
        _hub.AddModel();
        _hub.Download();
        int requests = _hub.Requests.Length;
        foreach (string revision in new[] { "main", _hub.Commit })
            Assert.Equal(_hub.Snapshot, _hub.Download(Offline, revision));
        Assert.Equal(requests, _hub.Requests.Length);
    }

    [Fact]
    public void Offline_the_missing_file_is_named()
    {
        _hub.AddModel();
        Assert.Equal(
            $"org/small at main: offline, and it is not in the cache {_hub.Repository}", _hub.Refusal(Offline));
        _hub.Download();
        Assert.Contains("org/small at v1: offline", _hub.Refusal(Offline, "v1"));
        File.Delete(_hub.Blob(FakeHub.Weights));
        Assert.Equal(
            $"org/small at main: offline, and model.safetensors is not in the cache {_hub.Snapshot}",
            _hub.Refusal(Offline));
    }

    [Fact]
    public void A_link_to_a_blob_that_was_deleted_is_repaired()
    {
        string[] read = _hub.AddModel();
        _hub.Download();
        File.Delete(_hub.Blob("vocab.txt"));
        _hub.Download();
        _hub.AssertCached(read);
    }

    [Fact]
    public void Without_links_the_snapshot_has_copies()
    {
        string[] read = _hub.AddModel();
        string folder = _hub.Download(_hub.Settings with { UsesLinks = false });
        _hub.AssertCached(read);
        Assert.All(read, file => Assert.Null(new FileInfo(Path.Combine(folder, file)).LinkTarget));
    }

    [Fact]
    public void A_hub_that_cannot_be_reached_leaves_the_cached_snapshot()
    {
        _hub.AddModel();
        Assert.Contains("org/small: 127.0.0.1:9: the connection failed: ", _hub.Failure(Unreachable));
        _hub.Download();
        ListLogger logger = new();
        Assert.Equal(_hub.Snapshot, _hub.Download(Unreachable, logger: logger));
        string remark = Assert.Single(logger.Messages);
        Assert.EndsWith($"; using the cached snapshot {_hub.Snapshot}", remark);
    }

    [Fact]
    public void A_snapshot_of_a_program_that_does_not_read_modules_json_is_completed_or_remarked_on()
    {
        string[] read = _hub.AddModel();
        _hub.Download();
        File.Delete(Path.Combine(_hub.Snapshot, "modules.json"));
        ListLogger logger = new();
        _hub.Download(Offline, logger: logger);
        Assert.Contains("modules.json is not in the cache", Assert.Single(logger.Messages));
        _hub.Download(revision: _hub.Commit);
        _hub.AssertCached(read);
    }

    [Fact]
    public void A_cached_snapshot_that_is_not_valid_gives_way_to_another_commit()
    {
        _hub.AddModel();
        _hub.Download();
        File.WriteAllText(_hub.Blob("modules.json"), "[]");
        Assert.Contains("modules.json: no modules", _hub.Refusal(Offline));
        _hub.Commit = new('d', 40);
        _hub.Add("modules.json", Encoding.UTF8.GetString(_hub.Files["modules.json"]) + "\n");
        Assert.Equal(_hub.Snapshot, _hub.Download());
        Assert.Equal(_hub.Snapshot, _hub.Download(Offline));
    }

    [Fact]
    public void A_bare_repository_is_known_to_be_bare_offline()
    {
        _hub.AddModel();
        _hub.Files.Remove("modules.json");
        _hub.Download();
        _hub.AssertCached("config.json", "vocab.txt", FakeHub.Weights);
        ListLogger logger = new();
        _hub.Download(Offline, logger: logger);
        Assert.Empty(logger.Messages);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Downloads_at_once_end_with_one_right_cache(bool hasModules)
    {
        string[] read = _hub.AddModel();
        if (!hasModules)
        {
            _hub.Files.Remove("modules.json");
            read = ["config.json", "vocab.txt", FakeHub.Weights];
        }
        _hub.CdnFault = request =>
        {
            Thread.Sleep(200);
            return null;
        };
        Parallel.For(0, 4, _ => _hub.Download());
        _hub.AssertCached(read);
        Assert.Single(_hub.CdnRequests);
    }
}
