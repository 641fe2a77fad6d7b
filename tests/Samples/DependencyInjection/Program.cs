// A sentence encoder from a container: dotnet run --project tests/Samples/DependencyInjection MODEL "a" "b"
using EsimCseNative;
using EsimCseNative.DependencyInjection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

ServiceCollection services = new();
services.AddLogging(logging => logging.AddSimpleConsole(options => options.SingleLine = true));
services.AddEsimCse(args[0], new EncoderOptions { Device = new DeviceChoice("auto") });
services.AddSingleton<Comparison>();

await using ServiceProvider provider = services.BuildServiceProvider();
Console.WriteLine($"similarity {provider.GetRequiredService<Comparison>().Compare(args[1], args[2]):F4}");

/// <summary>A service of the application, which the container gives the encoder.</summary>
sealed class Comparison(SentenceEncoder encoder)
{
    public double Compare(string first, string second) => encoder.Similarity(first, second);
}
