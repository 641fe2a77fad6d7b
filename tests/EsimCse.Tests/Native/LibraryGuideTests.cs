using EsimCse.Tests.Support;
using EsimCseNative;
using EsimCseNative.DependencyInjection;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace EsimCse.Tests.Native;

/// <summary>The code of the guide to the .NET interface runs.</summary>
public class LibraryGuideTests(TrainedModel model) : IClassFixture<TrainedModel>
{
    [Fact]
    public async Task Code()
    {
        string folder = model.Run;
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        IAsyncEnumerable<string> sentences = new[] { "the cat", "a bird" }.ToAsyncEnumerable();
        #region guide
        EncoderOptions options = new() { Device = new DeviceChoice("cpu"), Dimensions = 8 };
        using SentenceEncoder encoder = SentenceEncoder.Load(folder, options);
        float[][] vectors = encoder.Encode(["the cat sees a tree.", "a bird hears the dog."]);
        int tokens = encoder.CountTokens("the cat sees a tree.");
        #endregion
        Assert.Equal([8, 8], vectors.Select(vector => vector.Length));
        Assert.InRange(tokens, 3, 20);
        #region guide
        await foreach (float[] vector in encoder.EncodeAsync(sentences, cancellation))
            Console.WriteLine(vector.Length);
        #endregion
        #region guide
        IEmbeddingGenerator<string, Embedding<float>> generator = encoder;
        EmbeddingGenerationOptions shorter = new() { Dimensions = 4 };
        GeneratedEmbeddings<Embedding<float>> embeddings = await generator.GenerateAsync(["a bird"], shorter);
        #endregion
        Assert.Equal(4, Assert.Single(embeddings).Vector.Length);
        #region guide
        ServiceCollection services = new();
        services.AddEsimCse(folder, options);
        await using ServiceProvider provider = services.BuildServiceProvider();
        SentenceEncoder shared = provider.GetRequiredService<SentenceEncoder>();
        #endregion
        Assert.Equal(8, shared.Dimension);
        Guide.AssertShows("EsimCseNative", "Native", "LibraryGuideTests.cs");
    }
}
