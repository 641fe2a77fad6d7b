using System.ClientModel;
using EsimCse.Tests.Support;
using EsimCseNative;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Embeddings;
using OpenAiOptions = OpenAI.Embeddings.EmbeddingGenerationOptions;

namespace EsimCse.Tests.Serving;

/// <summary>The packages OpenAI and Microsoft.Extensions.AI.OpenAI against the server, unchanged.</summary>
public class OpenAiClientTests(ServedSmallModel served) : IClassFixture<ServedSmallModel>
{
    static readonly string[] Texts = ["the old cat sees a dog.", "", "a bird", "the old cat sees a dog.", "ünknown 🙂"];

    EmbeddingClient Client => new OpenAIClient(
        new ApiKeyCredential("any"), new OpenAIClientOptions { Endpoint = new Uri(served.Server.Address, "v1") })
        .GetEmbeddingClient("any-name");

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_list_of_strings_gives_the_vectors_of_Encode()
    {
        OpenAIEmbeddingCollection answer =
            await Client.GenerateEmbeddingsAsync(Texts, cancellationToken: Stop);
        Assert.Equal(served.Encoder.Encode(Texts, Stop), answer.Select(embedding => embedding.ToFloats().ToArray()));
        Assert.Equal(Enumerable.Range(0, Texts.Length), answer.Select(embedding => embedding.Index));
        int tokens = Texts.Sum(served.Encoder.CountTokens);
        Assert.Equal((tokens, tokens), (answer.Usage.InputTokenCount, answer.Usage.TotalTokenCount));
        Assert.Equal("run", answer.Model);
    }

    [Fact]
    public async Task One_string_gives_one_vector()
    {
        OpenAIEmbedding answer = await Client.GenerateEmbeddingAsync(Texts[0], cancellationToken: Stop);
        Assert.Equal(served.Encoder.Encode(Texts[0]), answer.ToFloats().ToArray());
    }

    [Fact]
    public async Task Token_ids_give_the_vectors_of_their_texts()
    {
        IEnumerable<ReadOnlyMemory<int>> ids =
            served.Encoder.Tokenize(Texts).Select(sentence => (ReadOnlyMemory<int>)sentence);
        OpenAIEmbeddingCollection answer =
            await Client.GenerateEmbeddingsAsync(ids, cancellationToken: Stop);
        Assert.Equal(served.Encoder.Encode(Texts, Stop), answer.Select(embedding => embedding.ToFloats().ToArray()));
    }

    [Fact]
    public async Task Dimensions_are_the_first_columns_as_the_encoder_gives_them()
    {
        using SentenceEncoder shorter = OnCpu.Load(served.Folder, new EncoderOptions { Dimensions = 5 });
        OpenAiOptions options = new() { Dimensions = 5 };
        OpenAIEmbeddingCollection answer = await Client.GenerateEmbeddingsAsync(Texts, options, Stop);
        Assert.Equal(shorter.Encode(Texts, Stop), answer.Select(embedding => embedding.ToFloats().ToArray()));
    }

    [Fact]
    public async Task A_generator_of_Microsoft_Extensions_AI_gives_the_same()
    {
        using IEmbeddingGenerator<string, Embedding<float>> generator = Client.AsIEmbeddingGenerator();
        GeneratedEmbeddings<Embedding<float>> answer = await generator.GenerateAsync(Texts, cancellationToken: Stop);
        Assert.Equal(served.Encoder.Encode(Texts, Stop), answer.Select(embedding => embedding.Vector.ToArray()));
        Assert.Equal(Texts.Sum(served.Encoder.CountTokens), answer.Usage!.InputTokenCount);
    }

    [Fact]
    public async Task An_error_reaches_the_client_with_its_message()
    {
        OpenAiOptions options = new() { Dimensions = 17 };
        ClientResultException error = await Assert.ThrowsAsync<ClientResultException>(
            () => Client.GenerateEmbeddingsAsync(Texts, options, Stop));
        Assert.Equal(400, error.Status);
        const string expected = "dimensions: found 17, expected a whole number, 1 … 16";
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }
}
