using System.Globalization;
using EsimCse.Core.Files;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Native.Hub;

public sealed class BlobDownloadTests : IDisposable
{
    readonly FakeHub _hub = new();
    readonly string[] _read;

    public BlobDownloadTests() => _read = _hub.AddModel();

    byte[] Weights => _hub.Files[FakeHub.Weights];

    string Partial => _hub.Blob(FakeHub.Weights) + ".incomplete";

    public void Dispose() => _hub.Dispose();

    /// <summary>Asserts that the cache is right and has no partial file.</summary>
    void AssertComplete()
    {
        _hub.AssertCached(_read);
        Assert.Empty(Directory.GetFiles(_hub.Cache, "*.incomplete", SearchOption.AllDirectories));
    }

    /// <summary>Asserts that nothing half-written has a final name.</summary>
    void AssertNoWeights()
    {
        Assert.False(Path.Exists(_hub.Blob(FakeHub.Weights)));
        Assert.Null(new FileInfo(Path.Combine(_hub.Snapshot, FakeHub.Weights)).LinkTarget);
        Assert.False(Path.Exists(Path.Combine(_hub.Repository, "refs")));
    }

    [Fact]
    public void Connections_that_break_are_continued()
    {
        _hub.AnswerFirst(
            new(200, Weights) { SentBytes = 100_000 },
            new(206, Weights[100_000..], ("Content-Range", "bytes 100000-299999/300000")) { SentBytes = 1 });
        _hub.Download();
        AssertComplete();
        IEnumerable<string?> ranges = _hub.CdnRequests.Select(request => request.Header("Range"));
        Assert.Equal([null, "bytes=100000-", "bytes=100001-"], ranges);
    }

    [Fact]
    public void More_failures_than_attempts_are_no_end_while_there_is_progress()
    {
        _hub.CdnFault = request =>
        {
            int from = request.Header("Range") is { } range ? int.Parse(range[6..^1], CultureInfo.InvariantCulture) : 0;
            LocalAnswer rest = new(206, Weights[from..], ("Content-Range", $"bytes {from}-299999/300000"));
            return rest with { SentBytes = Math.Min(30_000, 300_000 - from) };
        };
        _hub.Download();
        AssertComplete();
        Assert.Equal(10, _hub.CdnRequests.Length);
    }

    [Fact]
    public void A_partial_file_of_an_earlier_run_is_continued()
    {
        _hub.CdnFault = _ => new(200, Weights) { SentBytes = 120_000 };
        Assert.Contains("the connection failed", _hub.Failure());
        AssertNoWeights();
        Assert.Equal(Weights[..120_000], File.ReadAllBytes(Partial));
        _hub.CdnFault = null;
        _hub.Download();
        AssertComplete();
        Assert.Equal("bytes=120000-", _hub.CdnRequests[^1].Header("Range"));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(300_000)]
    [InlineData(300_001)]
    public void A_partial_file_with_wrong_bytes_is_replaced(int length)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Partial)!);
        File.WriteAllBytes(Partial, new byte[length]);
        _hub.Download();
        AssertComplete();
    }

    [Fact]
    public void A_partial_file_that_is_whole_needs_no_bytes()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Partial)!);
        File.WriteAllBytes(Partial, Weights);
        _hub.Download();
        AssertComplete();
        Assert.Empty(_hub.CdnRequests);
    }

    [Fact]
    public void A_partial_file_that_is_a_link_is_not_written_through()
    {
        string victim = _hub.In("victim");
        File.WriteAllText(victim, "mine");
        Directory.CreateDirectory(Path.GetDirectoryName(Partial)!);
        File.CreateSymbolicLink(Partial, victim);
        _hub.Download();
        AssertComplete();
        Assert.Equal("mine", File.ReadAllText(victim));
    }

    [Fact]
    public void A_folder_of_a_snapshot_that_is_a_link_is_refused()
    {
        string elsewhere = Directory.CreateDirectory(_hub.In("elsewhere")).FullName;
        Directory.CreateDirectory(_hub.Snapshot);
        string link = Path.Combine(_hub.Snapshot, "1_Pooling");
        Directory.CreateSymbolicLink(link, elsewhere);
        Assert.Equal($"{link}: found a link to {elsewhere}, expected a folder", _hub.Refusal());
        Assert.Empty(Directory.GetFiles(elsewhere));
    }

    [Fact]
    public void A_range_that_is_ignored_begins_at_the_start()
    {
        _hub.AnswerFirst(new(200, Weights) { SentBytes = 50_000 }, new(200, Weights));
        _hub.Download();
        AssertComplete();
    }

    [Fact]
    public void A_range_that_is_refused_or_another_begins_at_the_start()
    {
        _hub.AnswerFirst(
            new(200, Weights) { SentBytes = 50_000 },
            new(416),
            new(200, Weights) { SentBytes = 50_000 },
            new(206, Weights[60_000..], ("Content-Range", "bytes 60000-299999/300000")));
        _hub.Download();
        AssertComplete();
    }

    [Fact]
    public void An_overlapping_range_is_joined_where_it_begins()
    {
        _hub.AnswerFirst(
            new(200, Weights) { SentBytes = 50_000 },
            new(206, Weights[40_000..], ("Content-Range", "bytes 40000-299999/300000")));
        _hub.Download();
        AssertComplete();
    }

    [Fact]
    public void Wrong_bytes_are_fetched_once_more_and_then_refused()
    {
        byte[] wrong = [.. Weights[..^1], 0];
        _hub.AnswerFirst(new LocalAnswer(200, wrong));
        _hub.Download();
        AssertComplete();
        Directory.Delete(_hub.Cache, recursive: true);
        _hub.CdnFault = _ => new(200, wrong);
        string message = _hub.Failure();
        Assert.Equal(
            $"org/small: model.safetensors: SHA-256 of the bytes: found {FakeHub.Hash(wrong)}, "
            + $"expected {FakeHub.Hash(Weights)}",
            message);
        AssertNoWeights();
        Assert.False(File.Exists(Partial));
    }

    [Fact]
    public void Wrong_bytes_of_a_small_file_are_refused_by_the_hash_of_git()
    {
        _hub.Fault = request =>
        {
            bool isBody = request.Method == "GET" && request.Path.EndsWith("/vocab.txt", StringComparison.Ordinal);
            return isBody ? new(200, new byte[_hub.Files["vocab.txt"].Length]) : null;
        };
        Assert.StartsWith("org/small: vocab.txt: git SHA-1 of the bytes: found ", _hub.Failure());
    }

    [Fact]
    public void More_bytes_than_stated_are_not_stored()
    {
        _hub.CdnFault = _ => new(200, new byte[5_000_000]);
        Assert.Contains("model.safetensors: found more bytes at", _hub.Failure());
        AssertNoWeights();
        Assert.InRange(new FileInfo(Partial).Length, 0, 300_000);
    }

    [Fact]
    public void Fewer_bytes_than_stated_are_continued()
    {
        _hub.AnswerFirst(new LocalAnswer(200, Weights[..1000]));
        _hub.Download();
        AssertComplete();
    }

    [Fact]
    public void A_slow_body_arrives()
    {
        _hub.AnswerFirst(new LocalAnswer(200, Weights) { PartBytes = 50_000, Delay = TimeSpan.FromMilliseconds(600) });
        _hub.Download(_hub.Settings with { Timeout = TimeSpan.FromSeconds(3) });
        AssertComplete();
        Assert.Single(_hub.CdnRequests);
    }

    [Fact]
    public async Task A_second_process_waits_for_the_lock_and_uses_the_blob()
    {
        string lockFile = Path.Combine(
            _hub.Cache, ".locks", "models--org--small", FakeHub.Hash(Weights) + ".lock");
        Directory.CreateDirectory(Path.GetDirectoryName(lockFile)!);
        ListLogger logger = new();
        using FileStream held = ExclusiveFile.TryOpen(lockFile)!;
        Task<string> download = Task.Run(() => _hub.Download(logger: logger));
        Assert.True(SpinWait.SpinUntil(IsWaiting, TimeSpan.FromSeconds(30)), "no remark on the lock");
        Assert.Empty(_hub.CdnRequests);
        File.WriteAllBytes(_hub.Blob(FakeHub.Weights), Weights);
        held.Dispose();
        Assert.Equal(_hub.Snapshot, await download);
        AssertComplete();
        Assert.Empty(_hub.CdnRequests);

        bool IsWaiting()
        {
            lock (logger.Messages)
                return logger.Messages.Exists(message => message.EndsWith("waiting for it", StringComparison.Ordinal));
        }
    }
}
