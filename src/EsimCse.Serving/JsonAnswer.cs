using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace EsimCse.Serving;

/// <summary>Writes answers in JSON.</summary>
static class JsonAnswer
{
    /// <summary>Bytes that are collected before they are sent.</summary>
    const int PartBytes = 32 << 10;

    static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes an answer.</summary>
    public static Task WriteAsync(HttpContext context, Action<Utf8JsonWriter> write) =>
        WriteAsync(context, json =>
        {
            write(json);
            return Task.CompletedTask;
        });

    /// <summary>Writes an answer in parts, between which <see cref="SendAsync"/> is called.</summary>
    public static async Task WriteAsync(HttpContext context, Func<Utf8JsonWriter, Task> write)
    {
        context.Response.ContentType = "application/json";
        await using Utf8JsonWriter json = new(context.Response.BodyWriter, Options);
        await write(json);
        await json.FlushAsync(context.RequestAborted);
    }

    /// <summary>Sends the parts of an answer that are complete, at the pace of the client.</summary>
    public static async ValueTask SendAsync(HttpContext context, Utf8JsonWriter json)
    {
        if (json.BytesPending < PartBytes) return;
        await json.FlushAsync(context.RequestAborted);
    }

    /// <summary>Writes the elements of a vector, each with the fewest digits that give its bits.</summary>
    public static void WriteVector(Utf8JsonWriter json, ReadOnlySpan<float> vector)
    {
        json.WriteStartArray();
        foreach (float element in vector) json.WriteNumberValue(element);
        json.WriteEndArray();
    }
}
