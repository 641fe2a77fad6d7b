using System.Text.Json;
using EsimCseNative;
using Microsoft.AspNetCore.Http;

namespace EsimCse.Serving.Endpoints;

/// <summary>
/// <c>POST /search</c>: the rows of the index that are nearest to a query, in the shape of <c>search --json</c>; for a
/// list of queries a list of those.
/// </summary>
static class Search
{
    const string QueryName = "query";
    const int DefaultTop = 10;
    const int MaxTop = 1000;

    static readonly string[] Fields = [QueryName, "top", "threshold"];

    /// <summary>Answers a request.</summary>
    public static async Task AnswerAsync(HttpContext context, JsonElement body, ServedModel model)
    {
        if (model.Index is null)
            throw new RequestException(StatusCodes.Status404NotFound, "no index is loaded: serve was started without");
        RequestFields fields = new(body, Fields);
        string[] queries = EmbeddingInput.ReadTexts(fields, QueryName, model.Limits.MaxInputs);
        int top = fields.Integer("top", 1, MaxTop) ?? DefaultTop;
        double threshold = fields.Number("threshold") ?? double.NegativeInfinity;
        bool isList = fields.Find(QueryName)!.Value.ValueKind == JsonValueKind.Array;
        using Admission.Ticket ticket = model.Admission.Enter(queries.Length);
        EmbeddingRequest request = EmbeddingRequest.OfTexts(QueryName, queries);
        EmbeddingAnswer answer = await request.EmbedAsync(model, context.RequestAborted);
        float[][] vectors = [.. Enumerable.Range(0, answer.Count).Select(i => answer.Vector(i).ToArray())];
        var found = await model.SearchAsync(vectors, top, threshold, context.RequestAborted);
        await JsonAnswer.WriteAsync(context, async json =>
        {
            if (isList) json.WriteStartArray();
            for (int i = 0; i < queries.Length; i++)
            {
                Write(json, queries[i], found[i]);
                await JsonAnswer.SendAsync(context, json);
            }
            if (isList) json.WriteEndArray();
        });
    }

    static void Write(Utf8JsonWriter json, string query, IReadOnlyList<SearchResult> results)
    {
        json.WriteStartObject();
        json.WriteString("query", query);
        json.WriteStartArray("results");
        foreach (SearchResult result in results)
        {
            json.WriteStartObject();
            json.WriteNumber("row", result.Row);
            json.WriteNumber("score", result.Score);
            if (result.Text is not null) json.WriteString("text", result.Text);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
