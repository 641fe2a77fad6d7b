using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json;

namespace EsimCse.Tests.Support;

/// <summary>An event that a browser reports.</summary>
readonly record struct DevToolsEvent(string Method, JsonElement Parameters);

/// <summary>A connection to a browser, or to one of its pages, by the Chrome DevTools protocol.</summary>
sealed class DevTools : IAsyncDisposable
{
    readonly ClientWebSocket _socket = new();
    readonly SemaphoreSlim _sending = new(1);
    readonly CancellationTokenSource _stop = new();
    readonly ConcurrentDictionary<int, TaskCompletionSource<JsonElement>> _calls = [];
    Task _receiving = Task.CompletedTask;
    int _lastId;

    DevTools() { }

    /// <summary>The events so far, in their order.</summary>
    public ConcurrentQueue<DevToolsEvent> Events { get; } = [];

    /// <summary>Connects to a browser or a page.</summary>
    public static async Task<DevTools> ConnectAsync(Uri address)
    {
        DevTools tools = new();
        using CancellationTokenSource limit = new(Browser.Limit);
        await tools._socket.ConnectAsync(address, limit.Token);
        tools._receiving = tools.ReceiveAsync();
        return tools;
    }

    /// <summary>Calls a method and returns its result.</summary>
    /// <param name="method">Its name, with that of its domain.</param>
    /// <param name="parameters">An object with the parameters; null for none.</param>
    public async Task<JsonElement> CallAsync(string method, object? parameters = null)
    {
        int id = Interlocked.Increment(ref _lastId);
        TaskCompletionSource<JsonElement> call = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _calls[id] = call;
        byte[] message = JsonSerializer.SerializeToUtf8Bytes(new { id, method, @params = parameters ?? new { } });
        await _sending.WaitAsync(_stop.Token);
        try
        {
            await _socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, _stop.Token);
        }
        finally
        {
            _sending.Release();
        }
        Task ended = await Task.WhenAny(call.Task, _receiving).WaitAsync(Browser.Limit);
        Assert.True(ended == call.Task || call.Task.IsCompleted, $"the browser ended before it answered {method}");
        JsonElement answer = await call.Task;
        if (answer.TryGetProperty("error", out JsonElement error)) Assert.Fail($"{method}: {error}");
        return answer.GetProperty("result");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _receiving;
        _socket.Dispose();
        _sending.Dispose();
        _stop.Dispose();
    }

    async Task ReceiveAsync()
    {
        byte[] part = new byte[64 << 10];
        using MemoryStream message = new();
        try
        {
            while (await _socket.ReceiveAsync(part, _stop.Token) is { MessageType: not WebSocketMessageType.Close } got)
            {
                message.Write(part, 0, got.Count);
                if (!got.EndOfMessage) continue;
                Handle(JsonElement.Parse(message.GetBuffer().AsSpan(0, (int)message.Length)));
                message.SetLength(0);
            }
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException)
        {
            // The browser or the test has ended.
        }
    }

    void Handle(JsonElement message)
    {
        if (message.TryGetProperty("id", out JsonElement id)) _calls[id.GetInt32()].SetResult(message);
        else Events.Enqueue(new(message.GetProperty("method").GetString()!, message.GetProperty("params")));
    }
}
