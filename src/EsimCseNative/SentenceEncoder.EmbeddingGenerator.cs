using EsimCse.Core.Model.SentenceTransformers;
using Microsoft.Extensions.AI;

namespace EsimCseNative;

/// <content>The encoder as a generator of Microsoft.Extensions.AI.</content>
public sealed partial class SentenceEncoder : IEmbeddingGenerator<string, Embedding<float>>
{
    /// <summary>
    /// Computes the vectors of texts, in order, on a thread of the pool. Dimensions in the options are the first
    /// columns, normalized again where the encoder normalizes; the usage states the tokens.
    /// </summary>
    /// <exception cref="ArgumentException">The options ask for more dimensions than the encoder has.</exception>
    Task<GeneratedEmbeddings<Embedding<float>>> IEmbeddingGenerator<string, Embedding<float>>.GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options, CancellationToken cancellationToken)
    {
        int dimensions = options?.Dimensions ?? Dimension;
        if (dimensions < 1 || dimensions > Dimension)
            throw new ArgumentException($"found {dimensions} dimensions, expected 1 … {Dimension}", nameof(options));
        string[] texts = [.. values];
        return Task.Run(Generate, cancellationToken);

        GeneratedEmbeddings<Embedding<float>> Generate()
        {
            IReadOnlyList<int[]> ids = Tokenize(texts);
            IEnumerable<float[]> vectors = Encode(ids, cancellationToken).Chunk(Dimension);
            long tokens = ids.Sum(sentence => (long)sentence.Length);
            return new(vectors.Select(ToEmbedding))
            {
                Usage = new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens },
            };
        }

        Embedding<float> ToEmbedding(float[] vector) =>
            new(Shorten(vector, dimensions)) { ModelId = ModelId };
    }

    object? IEmbeddingGenerator.GetService(Type serviceType, object? serviceKey)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null) return null;
        if (serviceType == typeof(EmbeddingGeneratorMetadata))
            return new EmbeddingGeneratorMetadata(
                "esimcse", defaultModelId: ModelId, defaultModelDimensions: Dimension);
        return serviceType.IsInstanceOfType(this) ? this : null;
    }

    float[] Shorten(float[] vector, int dimensions)
    {
        if (dimensions == Dimension) return vector;
        float[] shortened = vector[..dimensions];
        if (Normalize) NormalizeModule.Normalize(shortened);
        return shortened;
    }
}
