// The encoder behind the caching and telemetry of Microsoft.Extensions.AI:
// dotnet run --project tests/Samples/ExtensionsAi MODEL "a" "b" …
using System.Diagnostics;
using System.Diagnostics.Metrics;
using EsimCseNative.DependencyInjection;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;

long embedded = 0;
using MeterListener meters = new()
{
    InstrumentPublished = (instrument, listener) =>
    {
        if (instrument.Meter.Name == "EsimCseNative") listener.EnableMeasurementEvents(instrument);
    },
};
meters.SetMeasurementEventCallback<long>((instrument, value, _, _) =>
{
    if (instrument.Name == "esimcse.sentences") embedded += value;
});
meters.Start();
List<string> activities = [];
using ActivityListener traces = new()
{
    ShouldListenTo = _ => true,
    Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
    ActivityStopped = activity => activities.Add(activity.DisplayName),
};
ActivitySource.AddActivityListener(traces);

ServiceCollection services = new();
services.AddEsimCse(args[0]);
services.AddDistributedMemoryCache();
await using ServiceProvider provider = services.BuildServiceProvider();
using IEmbeddingGenerator<string, Embedding<float>> generator = provider
    .GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>()
    .AsBuilder()
    .UseDistributedCache(provider.GetRequiredService<IDistributedCache>())
    .UseOpenTelemetry()
    .Build();

string[] texts = args[1..];
GeneratedEmbeddings<Embedding<float>> first = await generator.GenerateAsync(texts);
GeneratedEmbeddings<Embedding<float>> second = await generator.GenerateAsync(texts);
Console.WriteLine($"dimensions {first[0].Vector.Length}");
Console.WriteLine($"embedded {embedded} of {2 * texts.Length} sentences, the others came from the cache");
Console.WriteLine($"equal {first[0].Vector.Span.SequenceEqual(second[0].Vector.Span)}");
Console.WriteLine($"activities {string.Join(", ", activities)}");
