using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;

namespace EsimCse.Serving;

/// <summary>Reads the JSON bodies of requests, within limits for each and for all that are read at a time.</summary>
/// <param name="maxBytes">Bytes of a body at most.</param>
sealed class RequestBody(int maxBytes)
{
    /// <summary>Bodies of the largest size that may be read at a time.</summary>
    const int BodiesAtOnce = 16;

    const int PartBytes = 64 << 10;

    static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    readonly long _maxBytesOfAll = (long)maxBytes * BodiesAtOnce;
    long _bytesOfAll;

    /// <summary>Reads the object in a request's body.</summary>
    /// <exception cref="RequestException">It is too large, of another type, or no JSON object.</exception>
    public async Task<JsonDocument> ReadAsync(HttpRequest request)
    {
        RequireJson(request);
        if (request.ContentLength > maxBytes) throw TooLarge();
        ArrayBufferWriter<byte> body = new(initialCapacity: PartBytes);
        try
        {
            await ReadAsync(request, body);
        }
        finally
        {
            Interlocked.Add(ref _bytesOfAll, -body.WrittenCount);
        }
        return Parse(body.WrittenMemory);
    }

    async Task ReadAsync(HttpRequest request, ArrayBufferWriter<byte> body)
    {
        while (true)
        {
            int count = await request.Body.ReadAsync(body.GetMemory(PartBytes), request.HttpContext.RequestAborted);
            if (count == 0) return;
            body.Advance(count);
            if (Interlocked.Add(ref _bytesOfAll, count) > _maxBytesOfAll) throw TooMany();
            if (body.WrittenCount > maxBytes) throw TooLarge();
        }
    }

    static JsonDocument Parse(ReadOnlyMemory<byte> body)
    {
        if (!Utf8.IsValid(body.Span)) throw Malformed("bytes that are not UTF-8");
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(body, Strict);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // A name with half a surrogate pair is the latter.
            throw Malformed($"no JSON: {error.Message}");
        }
        if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
        string found = RequestFields.Describe(document.RootElement);
        document.Dispose();
        throw Malformed(found);
    }

    static void RequireJson(HttpRequest request)
    {
        string encoding = request.Headers.ContentEncoding.ToString();
        if (encoding is not ("" or "identity")) throw Unsupported("Content-Encoding", encoding, "none");
        if (!request.HasJsonContentType())
            throw Unsupported("Content-Type", request.ContentType ?? "none", "application/json");
    }

    static RequestException Malformed(string found) =>
        new(StatusCodes.Status400BadRequest, $"body: found {found}, expected a JSON object".ReplaceLineEndings(" "));

    static RequestException Unsupported(string header, string found, string expected) =>
        new(StatusCodes.Status415UnsupportedMediaType, $"{header}: found {found}, expected {expected}");

    static RequestException TooMany() =>
        new(StatusCodes.Status429TooManyRequests, "too many large bodies are being read, expected fewer")
        {
            RetryAfterSeconds = 1,
        };

    RequestException TooLarge() =>
        new(StatusCodes.Status413PayloadTooLarge, $"body: found more than {maxBytes} bytes, expected at most that");
}
