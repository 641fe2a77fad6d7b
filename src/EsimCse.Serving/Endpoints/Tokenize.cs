using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace EsimCse.Serving.Endpoints;

/// <summary>
/// <c>POST /tokenize</c>: the ids of texts, special tokens included, as <c>esimcse tokenize</c> prints them: without a
/// prompt and not truncated.
/// </summary>
static class Tokenize
{
    static readonly string[] Fields = ["inputs"];

    /// <summary>Answers a request.</summary>
    public static async Task AnswerAsync(HttpContext context, JsonElement body, ServedModel model)
    {
        string[] texts = EmbeddingInput.ReadTexts(new(body, Fields), "inputs", model.Limits.MaxInputs);
        using Admission.Ticket ticket = model.Admission.Enter(texts.Length);
        await JsonAnswer.WriteAsync(context, async json =>
        {
            json.WriteStartArray();
            foreach (string text in texts)
            {
                json.WriteStartArray();
                foreach (int id in model.Encoder.Tokenizer.Encode(text)) json.WriteNumberValue(id);
                json.WriteEndArray();
                await JsonAnswer.SendAsync(context, json);
            }
            json.WriteEndArray();
        });
    }
}
