using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using EsimCse.Core.Files;
using EsimCse.Serving;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Serving;

/// <summary>Keys, a full queue, starting and draining, slow and endless requests.</summary>
public class ServerLimitTests(TrainedModel model) : IClassFixture<TrainedModel>
{
    const string Body = """{"inputs":"the cat"}""";

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null, 401)]
    [InlineData("Bearer ", 401)]
    [InlineData("Bearer secre", 401)]
    [InlineData("Bearer secrets", 401)]
    [InlineData("Bearer SECRET", 401)]
    [InlineData("Basic secret", 401)]
    [InlineData("Bearer secret", 200)]
    [InlineData("bearer secret", 200)]
    public async Task Requests_need_the_key(string? header, int status)
    {
        await using TestServer server = await TestServer.StartAsync(model.Run, new() { ApiKey = "secret" });
        foreach (string path in new[] { "embed", "v1/embeddings", "similarity", "tokenize", "search", "info" })
        {
            using HttpRequestMessage request = new(path == "info" ? HttpMethod.Get : HttpMethod.Post, path);
            if (path != "info") request.Content = new StringContent(Body, new MediaTypeHeaderValue("application/json"));
            if (header is not null) request.Headers.TryAddWithoutValidation("Authorization", header);
            using HttpResponseMessage response = await server.Client.SendAsync(request, Stop);
            bool isRefused = response.StatusCode == HttpStatusCode.Unauthorized;
            Assert.Equal(status == 401, isRefused);
            Assert.Equal(isRefused, response.Headers.WwwAuthenticate.Count > 0);
        }
        foreach (string path in new[] { "", "health", "metrics", "openapi/v1.json" })
            Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync(path, Stop)).StatusCode);
    }

    [Fact]
    public async Task A_full_queue_is_429_with_the_time_to_wait_and_empties()
    {
        await using TestServer server = await TestServer.StartAsync(model.Run, new() { MaxQueue = 2 });
        Admission admission = server.Model.Admission;
        using (admission.Enter(1))
        {
            // One more fits, however large.
            await server.AskAsync("embed", """{"inputs":["the cat","a dog","a bird"]}""");
            using (admission.Enter(1))
            {
                using HttpResponseMessage response = await server.PostAsync("v1/embeddings", """{"input":"the cat"}""");
                Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
                Assert.InRange(response.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
                string body = await response.Content.ReadAsStringAsync(Stop);
                Assert.Contains("2 inputs are waiting, expected fewer than 2", body, StringComparison.Ordinal);
                Assert.Contains("rate_limit_error", body, StringComparison.Ordinal);
                Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("health", Stop)).StatusCode);
            }
        }
        await server.AskAsync("embed", Body);
        Assert.Equal(0, admission.Inputs);
    }

    [Fact]
    public async Task Refused_and_abandoned_requests_leave_nothing_in_the_queue()
    {
        await using TestServer server = await TestServer.StartAsync(model.Run);
        string many = string.Join(',', Enumerable.Repeat("\"the cat sees a dog\"", 2048));
        for (int i = 0; i < 20; i++)
        {
            using CancellationTokenSource cancel = new(i);
            string json = $$"""{"inputs":[{{many}}]}""";
            using StringContent content = new(json, new MediaTypeHeaderValue("application/json"));
            try
            {
                using HttpResponseMessage response = await server.Client.PostAsync("embed", content, cancel.Token);
            }
            catch (OperationCanceledException)
            {
                // The client has gone.
            }
            using HttpResponseMessage refused = await server.PostAsync("embed", """{"inputs":[1,2,99]}""");
        }
        await WaitUntil(() => server.Model.Admission.Inputs == 0);
        await server.AskAsync("embed", Body);
        Assert.Empty(server.Logger.Messages);
    }

    [Fact]
    public async Task While_it_starts_and_drains_requests_are_503_and_accepted_ones_are_answered()
    {
        ServerOptions options = new() { Port = 0 };
        await using EmbeddingServer server = new(options, new ListLogger());
        using ManualResetEventSlim mayLoad = new();
        using CancellationTokenSource stop = new();
        ServedModel? served = null;
        Task run = server.RunAsync(Load, model => served = model, stop.Token);
        using HttpClient client = new() { BaseAddress = new Uri(server.Address), Timeout = TestServer.Limit };
        await AssertUnavailable(client, "starting");

        mayLoad.Set();
        await WaitUntil(() => served is not null);
        using TcpClient accepted = new();
        await accepted.ConnectAsync(client.BaseAddress.Host, client.BaseAddress.Port, Stop);
        await SendAsync(accepted, $"POST /embed HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" +
            $"Content-Length: {Body.Length}\r\n\r\n{Body[..5]}");
        await WaitUntil(() => server.Active == 1);
        await stop.CancelAsync();
        await WaitUntil(() => server.StateName == "draining");
        await AssertUnavailable(client, "draining");
        await SendAsync(accepted, Body[5..]);
        string answer = await ReadToEndAsync(accepted);
        Assert.StartsWith("HTTP/1.1 200 OK", answer, StringComparison.Ordinal);
        await run.WaitAsync(TestServer.Limit, Stop);

        ServedModel Load()
        {
            Assert.True(mayLoad.Wait(TestServer.Limit), "nothing let the model load");
            return new ServedModel(OnCpu.Load(model.Run), index: null, options);
        }
    }

    [Fact]
    public async Task Requests_that_have_no_answer_in_time_end_the_run_with_an_error()
    {
        TimeSpan time = TimeSpan.FromMilliseconds(200);
        await using TestServer server = await TestServer.StartAsync(model.Run, new() { ShutdownTime = time });
        using TcpClient client = new();
        await client.ConnectAsync(server.Address.Host, server.Address.Port, Stop);
        await SendAsync(client, "POST /embed HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" +
            "Content-Length: 100\r\n\r\n{");
        await WaitUntil(() => server.Active == 1);
        server.Stop();
        TimeoutException error =
            await Assert.ThrowsAsync<TimeoutException>(() => server.Run.WaitAsync(TestServer.Limit, Stop));
        Assert.StartsWith("1 requests had no answer after", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_vector_that_is_not_finite_is_422_and_the_next_request_is_answered()
    {
        using SavedModel broken = new();
        broken.ChangeTensors(tensors => tensors.Select(WithHugeWord));
        await using TestServer server = await TestServer.StartAsync(broken.Folder);
        Task<HttpResponseMessage> bad = server.PostAsync("embed", """{"inputs":["a cat","a red cat"]}""");
        Task<HttpResponseMessage> good = server.PostAsync("embed", Body);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await bad).StatusCode);
        Assert.Contains(
            "inputs[1]: found a vector that is not finite", await (await bad).Content.ReadAsStringAsync(Stop),
            StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await good).StatusCode);

        // In LayerNorm the sum of a row of such numbers is infinite.
        static TensorToWrite WithHugeWord(TensorToWrite tensor)
        {
            if (!tensor.Name.EndsWith("word_embeddings.weight", StringComparison.Ordinal)) return tensor;
            const int red = 14;
            byte[] data = tensor.Data().ToArray();
            Span<float> rows = MemoryMarshal.Cast<byte, float>(data.AsSpan());
            rows.Slice(red * SmallModel.Config.HiddenSize, SmallModel.Config.HiddenSize).Fill(3e38f);
            return tensor with { Data = () => data };
        }
    }

    [Theory]
    [InlineData("Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"inp")]
    [InlineData("Content-Ty")]
    public async Task A_client_that_stops_sending_is_cut_off(string sent)
    {
        await using TestServer server = await TestServer.StartAsync(model.Run);
        using TcpClient client = new();
        await client.ConnectAsync(server.Address.Host, server.Address.Port, Stop);
        await SendAsync(client, $"POST /embed HTTP/1.1\r\nHost: a\r\n{sent}");
        string answer = await ReadToEndAsync(client);
        Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 408", StringComparison.Ordinal), answer);
        await server.AskAsync("embed", Body);
        await WaitUntil(() => server.Active == 0);
    }

    [Fact]
    public async Task A_flood_of_headers_is_cut_off()
    {
        await using TestServer server = await TestServer.StartAsync(model.Run);
        using TcpClient client = new();
        await client.ConnectAsync(server.Address.Host, server.Address.Port, Stop);
        IEnumerable<string> headers = Enumerable.Range(0, 10_000).Select(i => $"X-{i}: {new string('y', 100)}\r\n");
        await SendAsync(client, $"GET /health HTTP/1.1\r\nHost: a\r\n{string.Concat(headers)}");
        string answer = await ReadToEndAsync(client);
        Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 431", StringComparison.Ordinal), answer);
        await server.AskAsync("embed", Body);
    }

    static async Task AssertUnavailable(HttpClient client, string state)
    {
        using HttpResponseMessage health = await client.GetAsync("health", Stop);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
        Assert.Equal($$"""{"status":"{{state}}"}""", await health.Content.ReadAsStringAsync(Stop));
        using StringContent content = new(Body, new MediaTypeHeaderValue("application/json"));
        using HttpResponseMessage response = await client.PostAsync("embed", content, Stop);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        string body = await response.Content.ReadAsStringAsync(Stop);
        Assert.Contains($"the server is {state}", body, StringComparison.Ordinal);
    }

    /// <summary>Sends a text; a server that has cut the connection off does not matter.</summary>
    static async Task SendAsync(TcpClient client, string text)
    {
        try
        {
            await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(text), Stop);
        }
        catch (IOException)
        {
            // The answer, if any, is read afterwards.
        }
    }

    /// <summary>Reads until the server closes the connection; empty where it resets it.</summary>
    static async Task<string> ReadToEndAsync(TcpClient client)
    {
        using StreamReader reader = new(client.GetStream(), leaveOpen: true);
        try
        {
            return await reader.ReadToEndAsync(Stop).WaitAsync(TestServer.Limit, Stop);
        }
        catch (IOException)
        {
            return "";
        }
    }

    static async Task WaitUntil(Func<bool> condition)
    {
        using CancellationTokenSource limit = new(TestServer.Limit);
        while (!condition()) await Task.Delay(10, limit.Token);
    }
}
