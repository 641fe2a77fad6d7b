using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using EsimCse.Cli;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Serving;

/// <summary>The tool's server under more than ten times the load that it can answer, for a minute.</summary>
[Trait(TestCategory.Name, TestCategory.Exhaustive)]
public class OverloadTests
{
    const int Clients = 100, InputsOfRequest = 8, MaxQueue = 160;

    /// <summary>
    /// The stated bound of the 99th percentile, in times of the mean by Little's law: inputs that may wait over inputs
    /// answered in a second. A request waits for at most the queue, and shares the cores with the clients.
    /// </summary>
    const double BoundOfMean = 4;

    static readonly TimeSpan Time = TimeSpan.FromMinutes(1), Pause = TimeSpan.FromMilliseconds(100);

    readonly ConcurrentBag<double> _seconds = [];
    int _offered, _refused;
    volatile bool _isStopping;

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Accepted_requests_are_answered_rightly_and_in_time_and_the_rest_is_429()
    {
        string folder = SharedData.Path("models", "all-MiniLM-L6-v2");
        string[] texts = [.. File.ReadLines(SharedData.Path("corpus", "wikipedia-en-10k.txt")).Take(400)];
        string[] expected;
        using (SentenceEncoder encoder = OnCpu.Load(folder))
            expected = [.. encoder.Encode(texts, Stop).Select(vector => JsonSerializer.Serialize(vector))];
        string queue = MaxQueue.ToString(CultureInfo.InvariantCulture);
        using Process process = Tool.Start(
            "serve", folder, "--port", "0", "--device", "cpu", "--threads", "1", "--max-queue", queue);
        using HttpClient client = new() { BaseAddress = await Tool.ReadAddress(process), Timeout = TestServer.Limit };
        Stopwatch clock = Stopwatch.StartNew();
        Task[] clients = [.. Enumerable.Range(0, Clients).Select(i => Ask(client, texts, expected, new Random(i)))];

        List<long> memory = [];
        while (clock.Elapsed < Time)
        {
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("health", Stop)).StatusCode);
            Assert.DoesNotContain(clients, task => task.IsFaulted);
            process.Refresh();
            memory.Add(process.WorkingSet64);
            await Task.Delay(1000, Stop);
        }
        double seconds = clock.Elapsed.TotalSeconds;
        int answered = _seconds.Count;
        _isStopping = true;
        using (Process kill = Process.Start("kill", ["-TERM", $"{process.Id}"]))
            Assert.Equal(CommandRunner.Done, await Tool.WaitForExit(process, "SIGTERM"));
        await Task.WhenAll(clients).WaitAsync(TestServer.Limit, Stop);

        double mean = MaxQueue / (answered * InputsOfRequest / seconds);
        double p99 = _seconds.Order().ElementAt(_seconds.Count * 99 / 100);
        // At first the heap grows to what the runtime lets it have before it collects.
        long early = memory.Take(memory.Count / 2).Max(), late = memory[^1];
        string figures = $"{_offered} offered, {answered} answered, {_refused} refused in {seconds:F0} s; " +
            $"p99 {p99:F2} s, queue over rate {mean:F2} s; {early >> 20} MiB, then {late >> 20} MiB";
        TestContext.Current.SendDiagnosticMessage(figures);
        Assert.True(_offered >= 10 * answered, figures);
        Assert.True(p99 <= BoundOfMean * mean, figures);
        Assert.True(late < early * 1.25, figures);
    }

    /// <summary>Asks until the server is stopped. Every answer has the vectors of its own texts.</summary>
    async Task Ask(HttpClient client, string[] texts, string[] expected, Random random)
    {
        while (true)
        {
            int[] chosen = [.. Enumerable.Range(0, InputsOfRequest).Select(_ => random.Next(texts.Length))];
            string json = $$"""{"inputs":{{JsonSerializer.Serialize(chosen.Select(i => texts[i]))}}}""";
            using StringContent content = new(json, new MediaTypeHeaderValue("application/json"));
            long start = Stopwatch.GetTimestamp();
            Interlocked.Increment(ref _offered);
            HttpResponseMessage response;
            try
            {
                response = await client.PostAsync("embed", content, Stop);
            }
            catch (HttpRequestException) when (_isStopping)
            {
                return;
            }
            using (response)
            {
                if (response.StatusCode == HttpStatusCode.ServiceUnavailable && _isStopping) return;
                string answer = await response.Content.ReadAsStringAsync(Stop);
                if (response.StatusCode == HttpStatusCode.TooManyRequests)
                {
                    Assert.NotNull(response.Headers.RetryAfter);
                    Interlocked.Increment(ref _refused);
                    await Task.Delay(Pause, Stop);
                    continue;
                }
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                Assert.Equal($"[{string.Join(',', chosen.Select(i => expected[i]))}]", answer);
                _seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
        }
    }
}
