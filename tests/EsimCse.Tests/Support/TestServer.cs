using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using EsimCse.Serving;
using EsimCseNative;

namespace EsimCse.Tests.Support;

/// <summary>The HTTP server in this process, on a free port, with a model on the CPU.</summary>
sealed class TestServer : IAsyncDisposable
{
    /// <summary>Limit for what the server does; far above the time that it takes.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    readonly CancellationTokenSource _stop = new();
    readonly EmbeddingServer _server;

    TestServer(ServerOptions options)
    {
        _server = new EmbeddingServer(options, Logger);
    }

    /// <summary>The errors that the server reported as its own.</summary>
    public ListLogger Logger { get; } = new();

    /// <summary>The server's run, which ends after <see cref="Stop"/>.</summary>
    public Task Run { get; private set; } = Task.CompletedTask;

    /// <summary>The model, when it is loaded.</summary>
    public ServedModel Model { get; private set; } = null!;

    /// <summary>A client of the server.</summary>
    public HttpClient Client { get; } = new() { Timeout = Limit };

    /// <summary>The address of the server.</summary>
    public Uri Address => Client.BaseAddress!;

    /// <inheritdoc cref="EmbeddingServer.EndpointNames"/>
    public IEnumerable<string> EndpointNames => _server.EndpointNames;

    /// <summary>Requests without an answer.</summary>
    public int Active => _server.Active;

    /// <summary>Starts the server and waits until it is ready.</summary>
    /// <param name="folder">The model.</param>
    /// <param name="options">The limits; the port is a free one.</param>
    /// <param name="index">The folder of an index; null for none.</param>
    public static async Task<TestServer> StartAsync(
        string folder, ServerOptions? options = null, string? index = null)
    {
        options = (options ?? new ServerOptions()) with { Port = 0 };
        TestServer server = new(options);
        TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
        server.Run = server._server.RunAsync(Load, SetReady, server._stop.Token);
        await await Task.WhenAny(server.Run, ready.Task).WaitAsync(Limit);
        return server;

        ServedModel Load() => new(OnCpu.Load(folder), OpenIndex(), options);

        VectorIndex? OpenIndex() => index is null ? null : VectorIndex.Open(index, OnCpu.Device);

        void SetReady(ServedModel model)
        {
            server.Model = model;
            server.Client.BaseAddress = new Uri(server._server.Address);
            ready.SetResult();
        }
    }

    /// <summary>Stops the server, which then drains.</summary>
    public void Stop() => _stop.Cancel();

    /// <summary>Posts JSON and returns the answer.</summary>
    public Task<HttpResponseMessage> PostAsync(string path, string json) => PostAsync(path, json, "application/json");

    /// <summary>Posts a text of any type and returns the answer.</summary>
    public async Task<HttpResponseMessage> PostAsync(string path, string text, string? type)
    {
        using ByteArrayContent content = new(Encoding.UTF8.GetBytes(text));
        if (type is not null) content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return await Client.PostAsync(path, content);
    }

    /// <summary>Posts JSON, requires status 200, and returns the JSON of the answer.</summary>
    public async Task<JsonElement> AskAsync(string path, string json)
    {
        using HttpResponseMessage response = await PostAsync(path, json);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, body);
        return JsonElement.Parse(body);
    }

    /// <summary>Returns the floats of a JSON array.</summary>
    public static float[] Floats(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetSingle())];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Run.WaitAsync(Limit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _server.DisposeAsync();
        Client.Dispose();
        _stop.Dispose();
    }
}
