using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace EsimCse.Serving.Endpoints;

/// <summary>text-embeddings-inference's <c>POST /embed</c>.</summary>
static class Embed
{
    static readonly string[] Fields =
        ["inputs", "normalize", "truncate", "truncation_direction", "prompt_name", "dimensions"];

    /// <summary>Answers a request.</summary>
    public static async Task AnswerAsync(HttpContext context, JsonElement body, ServedModel model)
    {
        RequestFields fields = new(body, Fields);
        EmbeddingInput[] inputs = EmbeddingInput.Read(fields, "inputs", model.Limits.MaxInputs);
        RequireOwnDirection(fields, model);
        EmbeddingRequest request = new("inputs", inputs)
        {
            Normalize = fields.Flag("normalize"),
            Truncate = fields.Flag("truncate") ?? true,
            PromptName = fields.Text("prompt_name"),
            Dimensions = fields.Integer("dimensions", 1, model.Encoder.Width),
        };
        using Admission.Ticket ticket = model.Admission.Enter(inputs.Length);
        EmbeddingAnswer answer = await request.EmbedAsync(model, context.RequestAborted);
        await JsonAnswer.WriteAsync(context, async json =>
        {
            json.WriteStartArray();
            for (int i = 0; i < answer.Count; i++)
            {
                JsonAnswer.WriteVector(json, answer.Vector(i));
                await JsonAnswer.SendAsync(context, json);
            }
            json.WriteEndArray();
        });
    }

    /// <summary>Texts are truncated on the side that the tokenizer's files state.</summary>
    static void RequireOwnDirection(RequestFields fields, ServedModel model)
    {
        const string name = "truncation_direction";
        string own = model.Encoder.Tokenizer.Settings.TruncatesLeft ? "Left" : "Right";
        if (fields.Text(name) is { } asked && !asked.Equals(own, StringComparison.OrdinalIgnoreCase))
            throw RequestException.Malformed(name, asked, $"{own}, the tokenizer's own");
    }
}
