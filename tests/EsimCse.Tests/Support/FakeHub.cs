using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using EsimCse.Core;
using EsimCseNative.Hub;

namespace EsimCse.Tests.Support;

/// <summary>
/// A hub with one repository on this machine, its content network on another port, and a cache to download into.
/// </summary>
sealed class FakeHub : IDisposable
{
    public const string Id = "org/small";

    public const string Weights = "model.safetensors";

    const string Config = """
        {"model_type":"bert","vocab_size":5,"hidden_size":16,"num_hidden_layers":1,"num_attention_heads":2,
        "intermediate_size":24,"max_position_embeddings":40,"type_vocab_size":2,"hidden_act":"gelu"}
        """;

    const string Modules = """
        [{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},
        {"idx":1,"name":"1","path":"1_Pooling","type":"sentence_transformers.models.Pooling"}]
        """;

    readonly string _folder = Directory.CreateTempSubdirectory("esimcse-hub-").FullName;
    readonly LocalServer _hub;
    readonly LocalServer _cdn;

    public FakeHub()
    {
        _hub = new(request => Fault?.Invoke(request) ?? Answer(request));
        _cdn = new(request => CdnFault?.Invoke(request) ?? AnswerLarge(request));
    }

    /// <summary>The commit of the branch main; others have a file of their own.</summary>
    public string Commit { get; set; } = new('c', 40);

    /// <summary>The files of the repository; those of over 1000 bytes are on the content network.</summary>
    public Dictionary<string, byte[]> Files { get; } = [];

    /// <summary>Returns an answer in place of the hub's; null for its own.</summary>
    public Func<LocalRequest, LocalAnswer?>? Fault { get; set; }

    /// <summary>Returns an answer in place of the content network's; null for its own.</summary>
    public Func<LocalRequest, LocalAnswer?>? CdnFault { get; set; }

    public string Address => _hub.Address;

    public string CdnAddress => _cdn.Address;

    public string Cache => Path.Combine(_folder, "hub");

    public string Repository => Path.Combine(Cache, "models--org--small");

    public string Snapshot => Path.Combine(Repository, "snapshots", Commit);

    public LocalRequest[] Requests => [.. _hub.Requests];

    public LocalRequest[] CdnRequests => [.. _cdn.Requests];

    /// <summary>The settings of a client, with waits that suit a test.</summary>
    public HubSettings Settings => new()
    {
        CacheFolder = Cache,
        Endpoint = Address,
        Token = "hf_secret",
        FirstDelay = TimeSpan.FromMilliseconds(10),
        Timeout = TimeSpan.FromSeconds(20),
    };

    /// <summary>The same as variables of a process.</summary>
    public KeyValuePair<string, string>[] Variables =>
        [new("HF_HUB_CACHE", Cache), new("HF_ENDPOINT", Address), new("HF_TOKEN", "hf_secret")];

    public string In(params string[] parts) => Path.Combine([_folder, .. parts]);

    public string Blob(string file) => Path.Combine(Repository, "blobs", Hash(Files[file]));

    /// <summary>Adds the files of a folder.</summary>
    public void AddFolder(string folder)
    {
        foreach (string path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            Files[Path.GetRelativePath(folder, path).Replace('\\', '/')] = File.ReadAllBytes(path);
    }

    /// <summary>Adds a model, whose weights are no safetensors, with files that are not read.</summary>
    /// <returns>The names of the files that are read.</returns>
    public string[] AddModel()
    {
        Add("config.json", Config);
        Add("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n");
        Add("modules.json", Modules);
        Add("1_Pooling/config.json", """{"word_embedding_dimension":16,"pooling_mode_cls_token":true}""");
        Files[Weights] = [.. Enumerable.Range(0, 300_000).Select(i => (byte)(i * 31 + i / 251))];
        string[] read = [.. Files.Keys];
        foreach (string other in new[] { "README.md", "pytorch_model.bin", "onnx/model.onnx", "1_Pooling/README.md" })
            Add(other, other);
        return read;
    }

    public void Add(string file, string text) => Files[file] = Encoding.UTF8.GetBytes(text);

    /// <summary>Makes the content network answer the first requests in other ways, and then as usual.</summary>
    public void AnswerFirst(params LocalAnswer?[] answers)
    {
        int next = 0;
        CdnFault = _ => next < answers.Length ? answers[next++] : null;
    }

    /// <summary>Downloads a revision and returns its snapshot.</summary>
    public string Download(HubSettings? settings = null, string revision = "main", ListLogger? logger = null)
    {
        Assert.True(HubId.TryParse(Id, out HubId? id));
        SnapshotDownload download = new(settings ?? Settings, id, revision) { Logger = logger };
        return download.RunAsync(CancellationToken.None).GetAwaiter().GetResult();
    }

    /// <summary>Returns the message of a download that fails as an input that is not valid.</summary>
    public string Refusal(HubSettings? settings = null, string revision = "main") =>
        OneLine(Assert.Throws<InvalidInputException>(() => Download(settings, revision)));

    /// <summary>Returns the message of a download that fails otherwise.</summary>
    public string Failure(HubSettings? settings = null) =>
        OneLine(Assert.ThrowsAny<IOException>(() => Download(settings)));

    /// <summary>Asserts that the cache has the files as the hub has them, and no others.</summary>
    public void AssertCached(params string[] names)
    {
        IEnumerable<string> found = Directory.EnumerateFiles(Snapshot, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Snapshot, path));
        Assert.Equal(names.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
        foreach (string name in names) Assert.Equal(Files[name], File.ReadAllBytes(Path.Combine(Snapshot, name)));
        string blobs = Path.Combine(Repository, "blobs");
        Assert.All(Directory.GetFiles(blobs), blob => Assert.Equal(Path.GetFileName(blob), HashLike(blob)));
    }

    public static string Hash(byte[] bytes)
    {
        using var hash = IncrementalHash.CreateHash(IsLarge(bytes) ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
        if (!IsLarge(bytes)) hash.AppendData(Encoding.ASCII.GetBytes($"blob {bytes.Length}\0"));
        hash.AppendData(bytes);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public void Dispose()
    {
        _hub.Dispose();
        _cdn.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    static bool IsLarge(byte[] bytes) => bytes.Length > 1000;

    static string HashLike(string blob) => Hash(File.ReadAllBytes(blob));

    static string OneLine(Exception error)
    {
        Assert.DoesNotContain('\n', error.Message);
        return error.Message;
    }

    /// <summary>Returns the hub's own answer.</summary>
    public LocalAnswer Answer(LocalRequest request)
    {
        if (request.Path.StartsWith("/api/", StringComparison.Ordinal)) return AnswerListing(request.Path);
        string prefix = $"/{Id}/resolve/{Commit}/";
        string file = Uri.UnescapeDataString(request.Path[Math.Min(prefix.Length, request.Path.Length)..]);
        bool isFound = request.Path.StartsWith(prefix, StringComparison.Ordinal) && Files.ContainsKey(file);
        if (!isFound) return new(404, ("X-Error-Code", "EntryNotFound"));
        byte[] bytes = Files[file];
        string hash = Hash(bytes);
        if (!IsLarge(bytes)) return Range(request, bytes, ("ETag", $"\"{hash}\""), ("X-Repo-Commit", Commit));
        string size = bytes.Length.ToString(CultureInfo.InvariantCulture);
        return new(
            302,
            ("Location", $"{_cdn.Address}/{hash}?signature=1"),
            ("X-Linked-Etag", $"\"{hash}\""),
            ("X-Linked-Size", size),
            ("X-Repo-Commit", Commit));
    }

    LocalAnswer AnswerListing(string path)
    {
        string prefix = $"/api/models/{Id}/revision/";
        if (!path.StartsWith(prefix, StringComparison.Ordinal)) return new(404, ("X-Error-Code", "RepoNotFound"));
        string revision = Uri.UnescapeDataString(path[prefix.Length..]);
        bool isKnown = revision is "main" or "v1" or "refs/pr/1" || revision == Commit;
        if (!isKnown) return new(404, ("X-Error-Code", "RevisionNotFound"));
        JsonNode[] siblings = [.. Files.Keys.Select(file => new JsonObject { ["rfilename"] = file })];
        JsonObject listing = new() { ["id"] = Id, ["sha"] = Commit, ["siblings"] = new JsonArray(siblings) };
        return new(200, Encoding.UTF8.GetBytes(listing.ToJsonString()));
    }

    LocalAnswer AnswerLarge(LocalRequest request)
    {
        string hash = request.Path[1..].Split('?')[0];
        byte[]? bytes = Files.Values.FirstOrDefault(bytes => Hash(bytes) == hash);
        return bytes is null ? new(404) : Range(request, bytes);
    }

    static LocalAnswer Range(LocalRequest request, byte[] bytes, params (string, string)[] headers)
    {
        if (request.Header("Range") is not { } range) return new(200, bytes, headers);
        int from = int.Parse(range.Split('=', '-')[1], CultureInfo.InvariantCulture);
        if (from >= bytes.Length) return new(416);
        string sent = $"bytes {from}-{bytes.Length - 1}/{bytes.Length}";
        return new(206, bytes[from..], [.. headers, ("Content-Range", sent)]);
    }
}
