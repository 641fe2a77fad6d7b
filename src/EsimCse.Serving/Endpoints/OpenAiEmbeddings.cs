using System.Buffers.Binary;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace EsimCse.Serving.Endpoints;

/// <summary>OpenAI's <c>POST /v1/embeddings</c>.</summary>
static class OpenAiEmbeddings
{
    static readonly string[] Fields = ["input", "model", "encoding_format", "dimensions", "user"];

    /// <summary>Answers a request.</summary>
    public static async Task AnswerAsync(HttpContext context, JsonElement body, ServedModel model)
    {
        RequestFields fields = new(body, Fields);
        EmbeddingInput[] inputs = EmbeddingInput.Read(fields, "input", model.Limits.MaxInputs);
        bool isBase64 = IsBase64(fields);
        // Any name is right: one model is served. The user is for OpenAI's own records.
        _ = (fields.Text("model"), fields.Text("user"));
        EmbeddingRequest request = new("input", inputs)
        {
            Dimensions = fields.Integer("dimensions", 1, model.Encoder.Width),
        };
        using Admission.Ticket ticket = model.Admission.Enter(inputs.Length);
        EmbeddingAnswer answer = await request.EmbedAsync(model, context.RequestAborted);
        await JsonAnswer.WriteAsync(context, json => WriteAsync(context, json, answer, isBase64, model.Name));
    }

    static bool IsBase64(RequestFields fields) => fields.Text("encoding_format") switch
    {
        null or "float" => false,
        "base64" => true,
        string other => throw RequestException.Malformed("encoding_format", other, "float or base64"),
    };

    static async Task WriteAsync(
        HttpContext context, Utf8JsonWriter json, EmbeddingAnswer answer, bool isBase64, string model)
    {
        json.WriteStartObject();
        json.WriteString("object", "list");
        json.WriteStartArray("data");
        for (int i = 0; i < answer.Count; i++)
        {
            json.WriteStartObject();
            json.WriteString("object", "embedding");
            json.WriteNumber("index", i);
            json.WritePropertyName("embedding");
            if (isBase64) json.WriteBase64StringValue(LittleEndian(answer.Vector(i)));
            else JsonAnswer.WriteVector(json, answer.Vector(i));
            json.WriteEndObject();
            await JsonAnswer.SendAsync(context, json);
        }
        json.WriteEndArray();
        json.WriteString("model", model);
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", answer.Tokens);
        json.WriteNumber("total_tokens", answer.Tokens);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    static byte[] LittleEndian(ReadOnlySpan<float> vector)
    {
        byte[] bytes = new byte[vector.Length * sizeof(float)];
        for (int i = 0; i < vector.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), vector[i]);
        return bytes;
    }
}
