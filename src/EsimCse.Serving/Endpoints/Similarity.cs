using System.Text.Json;
using EsimCse.Core;
using Microsoft.AspNetCore.Http;

namespace EsimCse.Serving.Endpoints;

/// <summary>text-embeddings-inference's <c>POST /similarity</c>: one sentence compared with others.</summary>
static class Similarity
{
    const string InputsName = "inputs";
    const string SentencesName = "sentences";
    const string SourceName = "source_sentence";

    static readonly string[] Fields = [InputsName];
    static readonly string[] InputFields = [SourceName, SentencesName];

    /// <summary>Answers a request.</summary>
    public static async Task AnswerAsync(HttpContext context, JsonElement body, ServedModel model)
    {
        const string expected = "an object with source_sentence and sentences";
        JsonElement inputs = new RequestFields(body, Fields).Require(InputsName, expected);
        if (inputs.ValueKind != JsonValueKind.Object)
            throw RequestException.Malformed(InputsName, RequestFields.Describe(inputs), expected);
        RequestFields fields = new(inputs, InputFields, InputsName);
        string source = RequestFields.Text(fields.Require(SourceName, "a string"), fields.Path(SourceName));
        string[] sentences = EmbeddingInput.ReadTexts(fields, SentencesName, model.Limits.MaxInputs);
        using Admission.Ticket ticket = model.Admission.Enter(sentences.Length + 1);
        EmbeddingRequest request = EmbeddingRequest.OfTexts(InputsName, [source, .. sentences]);
        EmbeddingAnswer answer = await request.EmbedAsync(model, context.RequestAborted);
        SimilarityFunction function = model.Encoder.SimilarityFunction;
        await JsonAnswer.WriteAsync(context, json =>
        {
            json.WriteStartArray();
            for (int i = 1; i < answer.Count; i++)
                json.WriteNumberValue(Core.Similarity.Compute(function, answer.Vector(0), answer.Vector(i)));
            json.WriteEndArray();
        });
    }
}
