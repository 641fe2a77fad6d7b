using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;

namespace EsimCse.Serving;

/// <summary>
/// Answers errors in JSON: under /v1 in OpenAI's shape, elsewhere in text-embeddings-inference's. No error ends the
/// server, and none shows more than its one line.
/// </summary>
/// <param name="logger">Receives the errors that are the server's own.</param>
sealed class ErrorAnswer(ILogger logger)
{
    /// <summary>Runs the rest of the pipeline and answers its errors.</summary>
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
            bool isBare = context.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null };
            if (isBare) await WriteAsync(context, new RequestException(context.Response.StatusCode, Bare(context)));
        }
        catch (Exception error)
        {
            await AnswerAsync(context, error);
        }
    }

    async Task AnswerAsync(HttpContext context, Exception error)
    {
        if (context.RequestAborted.IsCancellationRequested) return;
        if (error is not RequestException expected) expected = Translate(context, error);
        if (context.Response.HasStarted) context.Abort();
        else await WriteAsync(context, expected);
    }

    RequestException Translate(HttpContext context, Exception error)
    {
        if (error is BadHttpRequestException bad) return new(bad.StatusCode, bad.Message);
        Log.RequestFailed(logger, context.Request.Path, error.Message.ReplaceLineEndings(" "));
        return new(StatusCodes.Status500InternalServerError, "the server failed at this request");
    }

    static string Bare(HttpContext context)
    {
        string phrase = ReasonPhrases.GetReasonPhrase(context.Response.StatusCode).ToLowerInvariant();
        string allowed = context.Response.Headers.Allow.ToString();
        string request = $"{context.Request.Method} {context.Request.Path}: {phrase}";
        return allowed.Length > 0 ? $"{request}, expected {allowed}" : request;
    }

    static async Task WriteAsync(HttpContext context, RequestException error)
    {
        HttpResponse response = context.Response;
        response.StatusCode = error.Status;
        if (error.RetryAfterSeconds is { } seconds)
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        if (error.Status == StatusCodes.Status401Unauthorized) response.Headers.WWWAuthenticate = "Bearer";
        bool isOpenAi = context.Request.Path.StartsWithSegments("/v1");
        await JsonAnswer.WriteAsync(context, json =>
        {
            json.WriteStartObject();
            if (isOpenAi) WriteOpenAi(json, error);
            else WriteInference(json, error);
            json.WriteEndObject();
        });
    }

    static void WriteOpenAi(Utf8JsonWriter json, RequestException error)
    {
        json.WriteStartObject("error");
        json.WriteString("message", error.Message);
        json.WriteString("type", error.Status switch
        {
            StatusCodes.Status429TooManyRequests => "rate_limit_error",
            >= 500 => "server_error",
            _ => "invalid_request_error",
        });
        json.WriteString("param", error.Field);
        json.WriteString("code", error.Status == StatusCodes.Status401Unauthorized ? "invalid_api_key" : null);
        json.WriteEndObject();
    }

    static void WriteInference(Utf8JsonWriter json, RequestException error)
    {
        json.WriteString("error", error.Message);
        json.WriteString("error_type", error.Status switch
        {
            StatusCodes.Status401Unauthorized => "Unauthorized",
            StatusCodes.Status422UnprocessableEntity => "Tokenizer",
            StatusCodes.Status429TooManyRequests => "Overloaded",
            StatusCodes.Status503ServiceUnavailable => "Unhealthy",
            >= 500 => "Backend",
            _ => "Validation",
        });
    }
}
