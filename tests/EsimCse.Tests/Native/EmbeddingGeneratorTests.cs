using EsimCse.Tests.Support;
using EsimCseNative;
using Microsoft.Extensions.AI;

namespace EsimCse.Tests.Native;

public class EmbeddingGeneratorTests
{
    [Fact]
    public async Task The_encoder_serves_as_an_embedding_generator()
    {
        using SmallModel small = new();
        SmallModel.Train(small.Job("run"));
        using SentenceEncoder encoder = OnCpu.Load(small.In("run"));
        IEmbeddingGenerator<string, Embedding<float>> generator = encoder;
        GeneratedEmbeddings<Embedding<float>> embeddings = await generator.GenerateAsync(["the cat", "", "a dog"]);
        Assert.Equal(encoder.Encode(["the cat", "", "a dog"]), embeddings.Select(embedding => embedding.Vector.ToArray()));
        Assert.Empty(await generator.GenerateAsync([]));
        Assert.Equal(16, generator.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelDimensions);
        Assert.Same(encoder, generator.GetService<SentenceEncoder>());
        await Assert.ThrowsAsync<ArgumentException>(() => generator.GenerateAsync(["a"], new() { Dimensions = 8 }));
    }
}
