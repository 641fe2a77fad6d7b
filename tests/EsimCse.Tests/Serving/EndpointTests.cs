using System.Buffers.Binary;
using System.Net;
using System.Text.Json;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Serving;

public class EndpointTests(ServedSmallModel served) : IClassFixture<ServedSmallModel>
{
    const string First = "the old cat sees a dog.", Second = "a red bird";

    SentenceEncoder Encoder => served.Encoder;

    TestServer Server => served.Server;

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("float")]
    [InlineData("base64")]
    public async Task Embeddings_have_every_bit_in_both_formats(string format)
    {
        JsonElement answer = await Server.AskAsync(
            "v1/embeddings", $$"""{"input":["{{First}}","{{Second}}"],"model":"m","encoding_format":"{{format}}"}""");
        float[][] expected = Encoder.Encode([First, Second], Stop);
        foreach ((int i, JsonElement item) in answer.GetProperty("data").EnumerateArray().Index())
        {
            JsonElement vector = item.GetProperty("embedding");
            Assert.Equal(expected[i], format == "float" ? TestServer.Floats(vector) : Decode(vector.GetString()!));
        }

        static float[] Decode(string text) =>
            [.. Convert.FromBase64String(text).Chunk(4).Select(four => BinaryPrimitives.ReadSingleLittleEndian(four))];
    }

    [Theory]
    [InlineData("", null, null)]
    [InlineData(",\"normalize\":true", true, null)]
    [InlineData(",\"normalize\":false", false, null)]
    [InlineData(",\"normalize\":true,\"dimensions\":7", true, 7)]
    [InlineData(",\"normalize\":false,\"dimensions\":7", false, 7)]
    public async Task Embed_gives_the_vectors_of_the_same_options(string json, bool? normalize, int? dimensions)
    {
        EncoderOptions options = new() { Normalize = normalize, Dimensions = dimensions };
        using SentenceEncoder encoder = OnCpu.Load(served.Folder, options);
        JsonElement answer = await Server.AskAsync("embed", $$"""{"inputs":["{{First}}","{{Second}}"]{{json}}}""");
        Assert.Equal(encoder.Encode([First, Second], Stop), answer.EnumerateArray().Select(TestServer.Floats));
    }

    [Fact]
    public async Task Embed_takes_texts_and_ids_together()
    {
        string ids = string.Join(',', Encoder.Tokenize([Second])[0]);
        JsonElement answer = await Server.AskAsync("embed", $$"""{"inputs":["{{First}}",[{{ids}}]]}""");
        Assert.Equal(Encoder.Encode([First, Second], Stop), answer.EnumerateArray().Select(TestServer.Floats));
        answer = await Server.AskAsync("embed", $$"""{"inputs":[{{ids}}]}""");
        Assert.Equal(Encoder.Encode(Second), TestServer.Floats(Assert.Single(answer.EnumerateArray())));
    }

    [Fact]
    public async Task Embed_truncates_long_texts_unless_it_is_told_not_to()
    {
        string text = string.Join(' ', Enumerable.Repeat("cat", 100));
        JsonElement answer = await Server.AskAsync("embed", $$"""{"inputs":"{{text}}"}""");
        Assert.Equal(Encoder.Encode(text), TestServer.Floats(Assert.Single(answer.EnumerateArray())));
        await AssertError(
            "embed",
            $$"""{"inputs":["cat","{{text}}"],"truncate":false}""",
            HttpStatusCode.RequestEntityTooLarge,
            $"inputs[1]: found more tokens, expected at most {Encoder.MaxLength}, or truncate");
    }

    [Fact]
    public async Task Similarity_compares_one_sentence_with_others()
    {
        JsonElement answer = await Server.AskAsync(
            "similarity",
            $$$"""{"inputs":{"source_sentence":"{{{First}}}","sentences":["{{{Second}}}","{{{First}}}"]}}""");
        double[] expected = [Encoder.Similarity(First, Second), Encoder.Similarity(First, First)];
        Assert.Equal(expected, answer.EnumerateArray().Select(score => score.GetDouble()));
    }

    [Fact]
    public async Task Tokenize_gives_ids_that_are_not_truncated()
    {
        string text = string.Join(' ', Enumerable.Repeat("cat", 100));
        JsonElement answer = await Server.AskAsync("tokenize", $$"""{"inputs":["{{First}}","{{text}}"]}""");
        int[][] expected = [Encoder.Tokenizer.Encode(First), Encoder.Tokenizer.Encode(text)];
        Assert.Equal(expected, answer.EnumerateArray().Select(
            ids => ids.EnumerateArray().Select(id => id.GetInt32()).ToArray()));
    }

    [Fact]
    public async Task Search_gives_the_rows_of_the_index()
    {
        using VectorIndex index = VectorIndex.Open(served.Index, OnCpu.Device);
        IReadOnlyList<SearchResult> expected = index.Search(Encoder.Encode(First), top: 3);
        JsonElement answer = await Server.AskAsync("search", $$"""{"query":"{{First}}","top":3}""");
        Assert.Equal(First, answer.GetProperty("query").GetString());
        Assert.Equal(expected, Results(answer));
        answer = await Server.AskAsync(
            "search", $$"""{"query":["{{Second}}","{{First}}"],"top":3,"threshold":{{expected[1].Score}}}""");
        Assert.Equal(expected.Take(2), Results(answer[1]));

        static IEnumerable<SearchResult> Results(JsonElement answer) =>
            from result in answer.GetProperty("results").EnumerateArray()
            let text = result.GetProperty("text").GetString()
            let row = result.GetProperty("row").GetInt64()
            select new SearchResult(row, result.GetProperty("score").GetDouble(), text);
    }

    [Fact]
    public async Task Info_names_the_model_and_the_limits()
    {
        using HttpResponseMessage response = await Server.Client.GetAsync("info", Stop);
        JsonElement info = JsonElement.Parse(await response.Content.ReadAsStringAsync(Stop));
        Assert.Equal("run", info.GetProperty("model_id").GetString());
        Assert.Equal(Encoder.Dimension, info.GetProperty("dimension").GetInt32());
        Assert.Equal(Encoder.Device, info.GetProperty("device").GetString());
        Assert.Equal(Encoder.MaxLength, info.GetProperty("max_input_length").GetInt32());
        Assert.Equal(ServedSmallModel.Sentences.Length, info.GetProperty("index").GetProperty("rows").GetInt32());
    }

    [Fact]
    public async Task Health_and_metrics_answer()
    {
        await Server.AskAsync("embed", """{"inputs":"cat"}""");
        Assert.Equal("""{"status":"ready"}""", await Server.Client.GetStringAsync("health", Stop));
        string metrics = await Server.Client.GetStringAsync("metrics", Stop);
        foreach (string name in new[]
        {
            "esimcse_sentences_total", "esimcse_tokens_total", "esimcse_queue_inputs", "esimcse_batch_tokens_bucket",
            "esimcse_batch_inputs_bucket", "esimcse_encode_duration_seconds_bucket",
            "http_server_request_duration_seconds_bucket",
        })
            Assert.Contains($"\n{name}{{", metrics, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("embed", "{}", "inputs: found none, expected a string, strings, token ids, or lists of token ids")]
    [InlineData("embed", """{"inputs":null}""", "inputs: found none, expected a string")]
    [InlineData("embed", """{"inputs":[]}""", "inputs: found an empty list")]
    [InlineData("embed", """{"inputs":[[]]}""", "inputs[0]: found an empty list, expected token ids")]
    [InlineData("embed", """{"inputs":{"a":1}}""", "inputs: found an object")]
    [InlineData("embed", """{"inputs":["a",3]}""", "inputs[1]: found 3, expected a string")]
    [InlineData("embed", """{"inputs":[3,"a"]}""", "inputs[1]: found the string \"a\", expected a token id")]
    [InlineData("embed", """{"inputs":[1.5]}""", "inputs[0]: found 1.5, expected a token id")]
    [InlineData("embed", """{"inputs":"a","normalise":true}""", "normalise: found an unknown field, expected inputs, ")]
    [InlineData("embed", """{"inputs":"a","inputs":"b"}""", "body: found no JSON: ")]
    [InlineData("embed", """{"inputs":"\ud800"}""", "inputs: found half a surrogate pair")]
    [InlineData("embed", """{"inputs":"a","\ud800":1}""", "body: found no JSON: ")]
    [InlineData("embed", """{"inputs":"a","normalize":1}""", "normalize: found 1, expected true or false")]
    [InlineData("embed", """{"inputs":"a","dimensions":0}""", "dimensions: found 0, expected a whole number, 1 … 16")]
    [InlineData("embed", """{"inputs":"a","prompt_name":"x"}""", "prompt name 'x', expected none")]
    [InlineData("embed", """{"inputs":"a","truncation_direction":"Left"}""", "truncation_direction: found Left")]
    [InlineData("embed", """{"inputs":"a" """, "body: found no JSON: ")]
    [InlineData("embed", """["a"]""", "body: found an array, expected a JSON object")]
    [InlineData("embed", "", "body: found no JSON: ")]
    [InlineData("similarity", """{"inputs":["a"]}""", "inputs: found an array, expected an object")]
    [InlineData("similarity", """{"inputs":{"sentences":["a"]}}""", "inputs.source_sentence: found none")]
    [InlineData("similarity", """{"inputs":{"source_sentence":"a","x":1}}""", "inputs.x: found an unknown field")]
    [InlineData("tokenize", """{"inputs":[[1]]}""", "inputs[0]: found an array, expected a string")]
    [InlineData("search", """{"query":"a","top":0}""", "top: found 0, expected a whole number, 1 … 1000")]
    [InlineData("search", """{"query":"a","threshold":"x"}""", "threshold: found the string \"x\", expected a number")]
    [InlineData("v1/embeddings", """{"input":"a","encoding_format":"hex"}""", "encoding_format: found hex, expected")]
    public Task A_malformed_request_is_400_and_says_why(string path, string json, string message) =>
        AssertError(path, json, HttpStatusCode.BadRequest, message);

    [Theory]
    [InlineData("embed", """{"inputs":[20]}""", "inputs: found token id 20, expected 0 … 19")]
    [InlineData("embed", """{"inputs":[[1],[-1]]}""", "inputs[1]: found token id -1, expected 0 … 19")]
    [InlineData("v1/embeddings", """{"input":[2147483647]}""", "input: found token id 2147483647")]
    public Task Ids_beyond_the_vocabulary_are_422(string path, string json, string message) =>
        AssertError(path, json, HttpStatusCode.UnprocessableEntity, message);

    [Fact]
    public async Task Too_many_inputs_and_too_many_ids_are_413()
    {
        string many = string.Join(',', Enumerable.Repeat("\"a\"", 2049));
        await AssertError("embed", $$"""{"inputs":[{{many}}]}""", HttpStatusCode.RequestEntityTooLarge,
            "inputs: found 2049 inputs, expected at most 2048");
        string longer = string.Join(',', Enumerable.Repeat("5", 100));
        await AssertError("embed", $$"""{"inputs":[{{longer}}]}""", HttpStatusCode.RequestEntityTooLarge,
            $"inputs: found 100 token ids, expected at most {Encoder.MaxLength}");
        string large = new('a', 5 << 20);
        await AssertError("embed", $$"""{"inputs":"{{large}}"}""", HttpStatusCode.RequestEntityTooLarge,
            "body: found more than 4194304 bytes, expected at most that");
    }

    [Theory]
    [InlineData("GET", "embed", 405, "GET /embed: method not allowed, expected POST")]
    [InlineData("DELETE", "health", 405, "DELETE /health: method not allowed, expected GET, HEAD")]
    [InlineData("GET", "v2/embeddings", 404, "GET /v2/embeddings: not found")]
    [InlineData("POST", "..%2f..%2fetc/passwd", 404, "not found")]
    public async Task Other_methods_and_paths_are_refused(string method, string path, int status, string message)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), path);
        using HttpResponseMessage response = await Server.Client.SendAsync(request, Stop);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains(message, Error(await response.Content.ReadAsStringAsync(Stop)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task Other_types_of_body_are_415(string? type)
    {
        using HttpResponseMessage response = await Server.PostAsync("embed", """{"inputs":"a"}""", type);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }

    [Fact]
    public async Task Errors_under_v1_have_the_shape_of_OpenAI()
    {
        using HttpResponseMessage response = await Server.PostAsync("v1/embeddings", """{"input":"a","x":1}""");
        JsonElement error = JsonElement.Parse(await response.Content.ReadAsStringAsync(Stop)).GetProperty("error");
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        Assert.Equal("x", error.GetProperty("param").GetString());
        string message = error.GetProperty("message").GetString()!;
        Assert.StartsWith("x: found an unknown field", message, StringComparison.Ordinal);
    }

    async Task AssertError(string path, string json, HttpStatusCode status, string message)
    {
        using HttpResponseMessage response = await Server.PostAsync(path, json);
        string body = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(status == response.StatusCode, body);
        Assert.Contains(message, Error(body), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await Server.Client.GetAsync("health", Stop)).StatusCode);
        Assert.Empty(Server.Logger.Messages);
    }

    /// <summary>Returns the message of an error in either shape, which is one line.</summary>
    static string Error(string body)
    {
        JsonElement error = JsonElement.Parse(body).GetProperty("error");
        if (error.ValueKind == JsonValueKind.Object) error = error.GetProperty("message");
        string message = error.GetString()!;
        Assert.DoesNotContain('\n', message);
        return message;
    }
}
