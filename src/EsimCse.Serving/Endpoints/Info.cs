using System.Reflection;
using System.Text.Json;
using EsimCse.Core;
using EsimCseNative;
using Microsoft.AspNetCore.Http;

namespace EsimCse.Serving.Endpoints;

/// <summary><c>GET /info</c>: the model, the device and the limits, under text-embeddings-inference's names.</summary>
static class Info
{
    static readonly string Version =
        typeof(Info).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>Answers a request.</summary>
    public static Task AnswerAsync(HttpContext context, ServedModel model) =>
        JsonAnswer.WriteAsync(context, json => Write(json, model));

    static void Write(Utf8JsonWriter json, ServedModel model)
    {
        SentenceEncoder encoder = model.Encoder;
        json.WriteStartObject();
        json.WriteString("model_id", model.Name);
        json.WriteString("model_dtype", encoder.Precision.Name());
        json.WriteString("pooling", encoder.Pooler.ToString());
        json.WriteBoolean("normalize", encoder.Normalize);
        json.WriteNumber("dimension", encoder.Dimension);
        json.WriteString("similarity", Core.Similarity.NameOf(encoder.SimilarityFunction));
        json.WriteStartArray("prompts");
        foreach (string name in encoder.Folder.Prompts.Keys) json.WriteStringValue(name);
        json.WriteEndArray();
        json.WriteString("device", encoder.Device);
        json.WriteNumber("max_input_length", encoder.MaxLength);
        json.WriteNumber("max_batch_tokens", model.MaxTokensPerBatch);
        json.WriteNumber("max_client_batch_size", model.Limits.MaxInputs);
        json.WriteNumber("max_queue", model.Limits.MaxQueue);
        json.WriteNumber("max_body_bytes", model.Limits.MaxBodyBytes);
        if (model.Index is { } index) WriteIndex(json, index);
        else json.WriteNull("index");
        json.WriteString("version", Version);
        json.WriteEndObject();
    }

    static void WriteIndex(Utf8JsonWriter json, VectorIndex index)
    {
        json.WriteStartObject("index");
        json.WriteNumber("rows", index.Count);
        json.WriteNumber("dimension", index.Dimension);
        json.WriteBoolean("texts", index.HasTexts);
        json.WriteEndObject();
    }
}
