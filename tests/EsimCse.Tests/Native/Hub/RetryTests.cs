using System.Diagnostics;
using EsimCse.Tests.Support;
using EsimCseNative.Hub;

namespace EsimCse.Tests.Native.Hub;

public sealed class RetryTests : IDisposable
{
    readonly FakeHub _hub = new();
    readonly string[] _read;

    public RetryTests() => _read = _hub.AddModel();

    byte[] Weights => _hub.Files[FakeHub.Weights];

    public void Dispose() => _hub.Dispose();

    [Fact]
    public void A_busy_server_is_asked_again()
    {
        _hub.AnswerFirst(new(500), new(503), new(408), null);
        int failures = 0;
        _hub.Fault = _ => failures++ < 3 ? new(502) : null;
        _hub.Download();
        _hub.AssertCached(_read);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(429)]
    public void A_server_that_stays_busy_is_a_failure_that_names_it(int status)
    {
        _hub.CdnFault = _ => new(status);
        string host = new Uri(_hub.CdnAddress).Authority;
        Assert.StartsWith($"org/small: {host}: answers {status} (Status) to model.safetensors", _hub.Failure());
        Assert.Equal(Retry.Attempts, _hub.CdnRequests.Length);
        Assert.False(Path.Exists(_hub.Blob(FakeHub.Weights)));
    }

    [Fact]
    public void The_wait_that_a_server_asks_for_is_kept()
    {
        _hub.AnswerFirst(new LocalAnswer(429, ("Retry-After", "1")));
        ListLogger logger = new();
        Stopwatch clock = Stopwatch.StartNew();
        _hub.Download(logger: logger);
        Assert.True(clock.Elapsed >= TimeSpan.FromSeconds(1), $"{clock.Elapsed}");
        Assert.Contains(logger.Messages, message => message.EndsWith("; next try in 1 s", StringComparison.Ordinal));
        _hub.AssertCached(_read);
    }

    [Fact]
    public async Task A_host_that_is_not_known_is_asked_once()
    {
        int asked = 0;
        Retry retry = new(TimeSpan.Zero, logger: null);
        await Assert.ThrowsAsync<HubUnreachableException>(() => retry.RunAsync(() => Ask(), CancellationToken.None));
        Assert.Equal(1, asked);

        Task<int> Ask()
        {
            asked++;
            HttpRequestException unknown = new(HttpRequestError.NameResolutionError);
            throw new HubUnreachableException("unknown", inner: unknown);
        }
    }

    [Fact]
    public void A_wait_of_hours_is_a_failure()
    {
        _hub.CdnFault = _ => new(429, ("Retry-After", "7200"));
        Assert.EndsWith("answers 429 (Status) to model.safetensors, and asks to wait 7200 s", _hub.Failure());
        Assert.Single(_hub.CdnRequests);
    }

    [Fact]
    public void A_silent_server_is_given_up_and_asked_again()
    {
        LocalAnswer silent = new(200, Weights) { PartBytes = 50_000, Delay = TimeSpan.FromMinutes(1) };
        _hub.AnswerFirst(silent);
        ListLogger logger = new();
        _hub.Download(_hub.Settings with { Timeout = TimeSpan.FromSeconds(2) }, logger: logger);
        _hub.AssertCached(_read);
        Assert.Contains(logger.Messages, message => message.Contains("no answer for 2 s", StringComparison.Ordinal));
    }
}
