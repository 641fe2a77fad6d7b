using EsimCse.Core;
using EsimCse.Tests.Support;
using EsimCseNative;
using Microsoft.Extensions.AI;

namespace EsimCse.Tests.Native;

public class SentenceEncoderTests(TrainedModel model) : IClassFixture<TrainedModel>
{
    static readonly string[] Texts = ["the cat", "", "a dog sees the old tree."];

    [Fact]
    public void Truncated_sentences_are_counted_exactly_by_many_threads()
    {
        const int threads = 8;
        const int calls = 200_000;
        using SentenceEncoder encoder = OnCpu.Load(model.Run, new() { MaxLength = 2 });
        string[] sentences = ["cat", ""];
        using Barrier start = new(threads);
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(_ => new Thread(Work))];
        foreach (Thread worker in workers) worker.Start();
        foreach (Thread worker in workers) worker.Join();
        Assert.Equal(threads * calls, encoder.Truncated);

        void Work()
        {
            start.SignalAndWait();
            for (int i = 0; i < calls; i++) encoder.Tokenize(sentences);
        }
    }

    [Fact]
    public void Many_threads_get_the_vectors_of_one()
    {
        using SentenceEncoder encoder = OnCpu.Load(model.Run);
        float[][] expected = encoder.Encode(Texts);
        Parallel.For(0, 32, _ => Assert.Equal(expected, encoder.Encode(Texts)));
    }

    [Fact]
    public void Every_way_to_encode_gives_the_same_vectors()
    {
        using SentenceEncoder encoder = OnCpu.Load(model.Run);
        float[][] expected = encoder.Encode(Texts);
        Assert.Equal(expected.SelectMany(vector => vector), encoder.Encode(encoder.Tokenize(Texts)));
        for (int i = 0; i < Texts.Length; i++) Assert.Equal(expected[i], encoder.Encode(Texts[i]));
        Assert.Empty(encoder.Encode(Array.Empty<string>()));
        Assert.Equal(1, encoder.Similarity("the cat", "the cat"), 1e-12);
    }

    [Fact]
    public void Normalized_vectors_have_norm_1_and_the_same_direction()
    {
        using SentenceEncoder plain = OnCpu.Load(model.Run, new() { Normalize = false });
        using SentenceEncoder normalized = OnCpu.Load(model.Run, new() { Normalize = true });
        float[] vector = plain.Encode("the cat");
        double norm = Math.Sqrt(vector.Sum(value => (double)value * value));
        Assert.NotEqual(1, norm, 1e-3);
        float[] unit = normalized.Encode("the cat");
        for (int i = 0; i < vector.Length; i++) Assert.Equal(vector[i] / norm, unit[i], 1e-6);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(41)]
    public void A_length_out_of_range_is_refused(int length) =>
        Assert.Throws<UsageException>(() => OnCpu.Load(model.Run, new() { MaxLength = length }));

    [Fact]
    public async Task The_encoder_is_an_embedding_generator()
    {
        using SentenceEncoder encoder = OnCpu.Load(model.Run);
        IEmbeddingGenerator<string, Embedding<float>> generator = encoder;
        GeneratedEmbeddings<Embedding<float>> embeddings = await generator.GenerateAsync(Texts);
        Assert.Equal(encoder.Encode(Texts), embeddings.Select(embedding => embedding.Vector.ToArray()));
        Assert.Empty(await generator.GenerateAsync([]));
        Assert.Equal(16, generator.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelDimensions);
        Assert.Same(encoder, generator.GetService<SentenceEncoder>());
        Assert.Equal(model.Run, generator.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelId);
        Assert.Equal(Texts.Sum(text => encoder.CountTokens(text)), embeddings.Usage!.InputTokenCount);
        await Assert.ThrowsAsync<ArgumentException>(() => generator.GenerateAsync(["a"], new() { Dimensions = 17 }));
        using CancellationTokenSource stop = new();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => generator.GenerateAsync(Texts, options: null, stop.Token));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_generator_s_dimensions_are_those_of_the_options(bool normalize)
    {
        using SentenceEncoder encoder = OnCpu.Load(model.Run, new() { Normalize = normalize });
        using SentenceEncoder expected = OnCpu.Load(model.Run, new() { Normalize = normalize, Dimensions = 5 });
        IEmbeddingGenerator<string, Embedding<float>> generator = encoder;
        var embeddings = await generator.GenerateAsync(Texts, new() { Dimensions = 5 });
        Assert.Equal(expected.Encode(Texts), embeddings.Select(embedding => embedding.Vector.ToArray()));
    }

    [Fact]
    public void Tokens_are_counted_with_special_ones_and_before_they_are_truncated()
    {
        using SentenceEncoder encoder = OnCpu.Load(model.Run, new() { MaxLength = 4, Prompt = "a dog " });
        Assert.Equal(2 + 2 + 3, encoder.CountTokens("the cat ."));
        Assert.Equal(4, encoder.Tokenize(["the cat ."])[0].Length);
    }
}
