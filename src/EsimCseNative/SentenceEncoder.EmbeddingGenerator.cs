using Microsoft.Extensions.AI;

namespace EsimCseNative;

/// <content>The encoder as a generator of Microsoft.Extensions.AI.</content>
public sealed partial class SentenceEncoder : IEmbeddingGenerator<string, Embedding<float>>
{
    /// <summary>Computes the vectors of texts, in order, on a thread of the pool.</summary>
    /// <exception cref="ArgumentException">The options ask for another number of dimensions than the
    /// model's.</exception>
    Task<GeneratedEmbeddings<Embedding<float>>> IEmbeddingGenerator<string, Embedding<float>>.GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options, CancellationToken cancellationToken)
    {
        if (options?.Dimensions is { } dimensions && dimensions != Dimension)
            throw new ArgumentException($"found {dimensions} dimensions, expected {Dimension}", nameof(options));
        string[] texts = [.. values];
        return Task.Run(Generate, cancellationToken);

        GeneratedEmbeddings<Embedding<float>> Generate() =>
            new(Encode(texts, cancellationToken).Select(vector => new Embedding<float>(vector)));
    }

    object? IEmbeddingGenerator.GetService(Type serviceType, object? serviceKey)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null) return null;
        if (serviceType == typeof(EmbeddingGeneratorMetadata))
            return new EmbeddingGeneratorMetadata(
                "esimcse", defaultModelId: Folder.Path, defaultModelDimensions: Dimension);
        return serviceType.IsInstanceOfType(this) ? this : null;
    }
}
