using System.Net;

namespace EsimCseNative.Hub;

/// <summary>An answer whose body is read with a limit on the server's silence.</summary>
/// <param name="message">The answer, which this then owns.</param>
/// <param name="host">The host that gave it, for errors.</param>
/// <param name="timeout">The time that the server may be silent.</param>
sealed class HubResponse(HttpResponseMessage message, string host, TimeSpan timeout) : IDisposable
{
    Stream? _body;

    /// <summary>The status and the headers.</summary>
    public HttpResponseMessage Message => message;

    /// <summary>The host that gave the answer.</summary>
    public string Host => host;

    /// <summary>The place in the file at which the body begins: 0 where the server ignored the range.</summary>
    public long Start => message.StatusCode == HttpStatusCode.PartialContent
        ? message.Content.Headers.ContentRange?.From ?? 0
        : 0;

    /// <summary>Reads the next bytes of the body; 0 at its end.</summary>
    /// <exception cref="HubUnreachableException">The connection broke, or the server is silent.</exception>
    public async Task<int> ReadAsync(Memory<byte> buffer, CancellationToken stop) =>
        await WithinAsync(
            host,
            timeout,
            async limit =>
            {
                _body ??= await message.Content.ReadAsStreamAsync(limit);
                return await _body.ReadAsync(buffer, limit);
            },
            stop);

    /// <summary>Runs a part of a request within a time, and tells failures of the network from others.</summary>
    /// <exception cref="HubUnreachableException">The connection broke, or the time is over.</exception>
    public static async Task<T> WithinAsync<T>(
        string host, TimeSpan timeout, Func<CancellationToken, Task<T>> work, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(timeout);
        try
        {
            return await work(limit.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new HubUnreachableException($"{host}: no answer for {timeout.TotalSeconds:0.#} s");
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            string reason = error.GetBaseException().Message.TrimEnd('.');
            throw new HubUnreachableException($"{host}: the connection failed: {reason}", inner: error);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => message.Dispose();
}
