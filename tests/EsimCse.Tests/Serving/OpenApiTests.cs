using System.Net.Http.Headers;
using System.Text.Json;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Serving;

/// <summary>The document at /openapi/v1.json against the server that it describes.</summary>
public class OpenApiTests(ServedSmallModel served) : IClassFixture<ServedSmallModel>
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    HttpClient Client => served.Server.Client;

    [Fact]
    public async Task It_lists_every_endpoint_and_no_other()
    {
        JsonElement document = await ReadDocument();
        IEnumerable<string> listed =
            from path in document.GetProperty("paths").EnumerateObject()
            from method in path.Value.EnumerateObject()
            select $"{method.Name.ToUpperInvariant()} {path.Name}";
        Assert.Equal(served.Server.EndpointNames.Order(), listed.Order());
    }

    [Fact]
    public async Task Its_references_are_there_and_its_operations_have_names_of_their_own()
    {
        JsonElement document = await ReadDocument();
        JsonElement schemas = document.GetProperty("components").GetProperty("schemas");
        foreach (string reference in Strings(document, "$ref"))
            Assert.True(schemas.TryGetProperty(reference.Split('/')[^1], out _), reference);
        string[] names = [.. Strings(document, "operationId")];
        Assert.Equal(names.Distinct(), names);
    }

    [Fact]
    public async Task Its_examples_are_answered_with_the_fields_that_it_requires()
    {
        JsonElement document = await ReadDocument();
        foreach (JsonProperty path in document.GetProperty("paths").EnumerateObject())
        {
            if (!path.Value.TryGetProperty("post", out JsonElement operation)) continue;
            JsonElement request = operation.GetProperty("requestBody").GetProperty("content")
                .GetProperty("application/json").GetProperty("example");
            using StringContent content = new(request.GetRawText(), new MediaTypeHeaderValue("application/json"));
            using HttpResponseMessage response = await Client.PostAsync(path.Name, content, Stop);
            string answer = await response.Content.ReadAsStringAsync(Stop);
            Assert.True(response.IsSuccessStatusCode, $"{path.Name}: {answer}");
            JsonElement schema = operation.GetProperty("responses").GetProperty("200").GetProperty("content")
                .GetProperty("application/json").GetProperty("schema");
            AssertFits(document, schema, JsonElement.Parse(answer), path.Name);
        }
        JsonElement info = document.GetProperty("components").GetProperty("schemas").GetProperty("Info");
        AssertFits(document, info, JsonElement.Parse(await Client.GetStringAsync("info", Stop)), "/info");
    }

    async Task<JsonElement> ReadDocument() =>
        JsonElement.Parse(await Client.GetStringAsync("openapi/v1.json", Stop));

    /// <summary>Requires that objects have the fields of their schema, those that are required and no others.</summary>
    static void AssertFits(JsonElement document, JsonElement schema, JsonElement value, string path)
    {
        if (schema.TryGetProperty("$ref", out JsonElement reference))
        {
            string name = reference.GetString()!.Split('/')[^1];
            schema = document.GetProperty("components").GetProperty("schemas").GetProperty(name);
        }
        if (schema.TryGetProperty("oneOf", out JsonElement choices))
            schema = choices.EnumerateArray().First(choice => Kind(choice) == KindOf(value));
        if (schema.TryGetProperty("$ref", out _))
        {
            AssertFits(document, schema, value, path);
            return;
        }
        if (value.ValueKind == JsonValueKind.Array && schema.TryGetProperty("items", out JsonElement items))
            foreach (JsonElement item in value.EnumerateArray()) AssertFits(document, items, item, $"{path}[]");
        if (value.ValueKind != JsonValueKind.Object) return;
        JsonElement properties = schema.GetProperty("properties");
        foreach (JsonElement required in schema.GetProperty("required").EnumerateArray())
            Assert.True(value.TryGetProperty(required.GetString()!, out _), $"{path}: no {required}");
        foreach (JsonProperty property in value.EnumerateObject())
        {
            Assert.True(properties.TryGetProperty(property.Name, out JsonElement inner), $"{path}.{property.Name}");
            AssertFits(document, inner, property.Value, $"{path}.{property.Name}");
        }
    }

    static string Kind(JsonElement schema) =>
        schema.TryGetProperty("$ref", out _) ? "object" : schema.GetProperty("type").GetString()!;

    static string KindOf(JsonElement value) => value.ValueKind.ToString().ToLowerInvariant();

    /// <summary>Finds the values of all properties of a name.</summary>
    static IEnumerable<string> Strings(JsonElement element, string name) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(property =>
            property.NameEquals(name) ? [property.Value.GetString()!] : Strings(property.Value, name)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(item => Strings(item, name)),
        _ => [],
    };
}
