using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EsimCseNative.DependencyInjection;

/// <summary>Registration of a sentence encoder.</summary>
public static class EsimCseServices
{
    const string LogCategory = "EsimCseNative";

    /// <summary>
    /// Adds a model as a <see cref="SentenceEncoder"/> and as an embedding generator, one instance for all. It is
    /// loaded when it is first asked for, disposed of with the container, and logs to the container's loggers unless
    /// the options have one.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="model">The model's folder, or its id on the Hugging Face hub.</param>
    /// <param name="options">Settings in place of the model's own; null for none.</param>
    public static IServiceCollection AddEsimCse(
        this IServiceCollection services, string model, EncoderOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(model);
        EncoderOptions settings = options ?? new EncoderOptions();
        services.AddSingleton(provider => Load(provider, model, settings));
        services.AddSingleton<IEmbeddingGenerator<string, Embedding<float>>>(
            provider => new SharedGenerator(provider.GetRequiredService<SentenceEncoder>()));
        return services;
    }

    static SentenceEncoder Load(IServiceProvider provider, string model, EncoderOptions options)
    {
        ILogger? logger = options.Logger ?? provider.GetService<ILoggerFactory>()?.CreateLogger(LogCategory);
        return SentenceEncoder.Load(model, options with { Logger = logger });
    }

    /// <summary>The encoder for pipelines, which dispose of their generator: the container does that.</summary>
    sealed class SharedGenerator(IEmbeddingGenerator<string, Embedding<float>> encoder)
        : IEmbeddingGenerator<string, Embedding<float>>
    {
        public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
            IEnumerable<string> values, EmbeddingGenerationOptions? options, CancellationToken cancellationToken) =>
            encoder.GenerateAsync(values, options, cancellationToken);

        public object? GetService(Type serviceType, object? serviceKey) => encoder.GetService(serviceType, serviceKey);

        public void Dispose()
        {
        }
    }
}
