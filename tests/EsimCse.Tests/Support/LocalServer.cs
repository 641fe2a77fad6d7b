using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace EsimCse.Tests.Support;

/// <summary>A request to a <see cref="LocalServer"/>.</summary>
/// <param name="Method">The method.</param>
/// <param name="Path">The path.</param>
/// <param name="Headers">The headers by name.</param>
/// <param name="Body">The bytes of the body, each as a character.</param>
sealed record LocalRequest(string Method, string Path, Dictionary<string, string> Headers, string Body)
{
    public string? Header(string name) => Headers.GetValueOrDefault(name);
}

/// <summary>An answer of a <see cref="LocalServer"/>.</summary>
sealed record LocalAnswer(int Status, byte[] Body, params (string Name, string Value)[] Headers)
{
    public LocalAnswer(int status, params (string Name, string Value)[] headers) : this(status, [], headers) { }

    /// <summary>The bytes of the body after which the connection is closed; null for all.</summary>
    public int? SentBytes { get; init; }

    /// <summary>The time that passes before each of the body's parts.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>The size of the parts.</summary>
    public int PartBytes { get; init; } = int.MaxValue;
}

/// <summary>An HTTP server on this machine that answers one request a connection, faults included.</summary>
sealed class LocalServer : IDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _stop = new();
    readonly Func<LocalRequest, LocalAnswer> _answer;

    public LocalServer(Func<LocalRequest, LocalAnswer> answer)
    {
        _answer = answer;
        _listener.Start();
        Address = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        _ = AcceptAsync();
    }

    public string Address { get; }

    /// <summary>The requests so far, in their order.</summary>
    public ConcurrentQueue<LocalRequest> Requests { get; } = [];

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Stop();
    }

    async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Socket client = await _listener.AcceptSocketAsync(_stop.Token);
                _ = Task.Run(() => ServeAsync(client));
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException)
            {
                return;
            }
        }
    }

    async Task ServeAsync(Socket client)
    {
        await using NetworkStream stream = new(client, ownsSocket: true);
        try
        {
            if (await ReadAsync(stream) is not { } request) return;
            Requests.Enqueue(request);
            await WriteAsync(stream, request, _answer(request));
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // The client has gone, or the test has ended.
        }
    }

    static async Task<LocalRequest?> ReadAsync(NetworkStream stream)
    {
        using StreamReader reader = new(stream, Encoding.Latin1, leaveOpen: true);
        if (await reader.ReadLineAsync() is not { } first) return null;
        Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
        while (await reader.ReadLineAsync() is { Length: > 0 } line)
            headers[line.Split(':')[0]] = line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        string[] words = first.Split(' ');
        return new(words[0], words[1], headers, await ReadBodyAsync(reader, headers));
    }

    /// <summary>Reads the body. To read none would wait for more.</summary>
    static async Task<string> ReadBodyAsync(StreamReader reader, Dictionary<string, string> headers)
    {
        if (!headers.TryGetValue("Content-Length", out string? bytes)) return "";
        char[] body = new char[int.Parse(bytes, CultureInfo.InvariantCulture)];
        int length = body.Length == 0 ? 0 : await reader.ReadBlockAsync(body);
        return new string(body, 0, length);
    }

    async Task WriteAsync(NetworkStream stream, LocalRequest request, LocalAnswer answer)
    {
        List<string> lines = [$"HTTP/1.1 {answer.Status} Status", "Connection: close"];
        foreach ((string name, string value) in answer.Headers) lines.Add($"{name}: {value}");
        bool statesLength = answer.Headers.Any(header => header.Name is "Content-Length" or "Transfer-Encoding");
        if (!statesLength) lines.Add($"Content-Length: {answer.Body.Length}");
        string head = string.Join("\r\n", lines) + "\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), _stop.Token);
        if (request.Method == "HEAD") return;
        byte[] sent = answer.Body[..(answer.SentBytes ?? answer.Body.Length)];
        for (int i = 0; i < sent.Length; i += answer.PartBytes)
        {
            await Task.Delay(answer.Delay, _stop.Token);
            await stream.WriteAsync(sent.AsMemory(i, Math.Min(answer.PartBytes, sent.Length - i)), _stop.Token);
            if (answer.PartBytes == int.MaxValue) break;
        }
    }
}
