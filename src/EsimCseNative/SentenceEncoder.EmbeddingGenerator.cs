using Microsoft.Extensions.AI;

namespace EsimCseNative;

/// <summary>The encoder as Microsoft.Extensions.AI asks for one.</summary>
public sealed partial class SentenceEncoder : IEmbeddingGenerator<string, Embedding<float>>
{
    /// <summary>The vectors of texts, in order. The work is done on a thread of the pool.</summary>
    /// <exception cref="ArgumentException">Another number of dimensions than the model's is asked for.</exception>
    Task<GeneratedEmbeddings<Embedding<float>>> IEmbeddingGenerator<string, Embedding<float>>.GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options, CancellationToken cancellationToken)
    {
        if (options?.Dimensions is { } asked && asked != Dimension)
            throw new ArgumentException($"{asked} dimensions asked for, the model has {Dimension}", nameof(options));
        string[] texts = [.. values];
        return Task.Run(() => new GeneratedEmbeddings<Embedding<float>>(Encode(texts, cancellationToken).Select(vector => new Embedding<float>(vector))), cancellationToken);
    }

    object? IEmbeddingGenerator.GetService(Type serviceType, object? serviceKey)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null) return null;
        if (serviceType == typeof(EmbeddingGeneratorMetadata)) return new EmbeddingGeneratorMetadata("esimcse", defaultModelId: Folder.Path, defaultModelDimensions: Dimension);
        return serviceType.IsInstanceOfType(this) ? this : null;
    }
}
