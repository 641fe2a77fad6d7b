using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace EsimCseNative;

/// <summary>
/// The instruments of this library: the meter and the activity source EsimCseNative. Nothing is measured where nobody
/// listens.
/// </summary>
static class Telemetry
{
    const string Name = "EsimCseNative";

    static readonly ActivitySource Activities = new(Name);

    static readonly Meter Meter = new(Name);

    static readonly Counter<long> Sentences =
        Meter.CreateCounter<long>("esimcse.sentences", "{sentence}", "Sentences that were embedded.");

    static readonly Counter<long> Tokens =
        Meter.CreateCounter<long>("esimcse.tokens", "{token}", "Tokens of sentences, special tokens included.");

    static readonly Counter<long> Truncated =
        Meter.CreateCounter<long>("esimcse.truncated", "{sentence}", "Sentences that were truncated.");

    static readonly Histogram<double> Duration = Meter.CreateHistogram(
        "esimcse.encode.duration",
        "s",
        "Time of a call that embeds sentences.",
        tags: null,
        new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50],
        });

    /// <summary>Counts sentences that were tokenized.</summary>
    public static void CountTokens(long tokens, long truncated)
    {
        Tokens.Add(tokens);
        if (truncated > 0) Truncated.Add(truncated);
    }

    /// <summary>Counts sentences that were embedded.</summary>
    public static void CountSentences(long sentences) => Sentences.Add(sentences);

    /// <summary>Measures a call until the result is disposed of, and traces it as the activity encode.</summary>
    public static Call StartCall(int sentences, string device) => new(sentences, device);

    /// <summary>A call that is measured.</summary>
    public readonly struct Call : IDisposable
    {
        readonly Activity? _activity;
        readonly long _start;

        internal Call(int sentences, string device)
        {
            _activity = Activities.StartActivity("encode");
            _activity?.SetTag("esimcse.sentences", sentences);
            _activity?.SetTag("esimcse.device", device);
            _start = Stopwatch.GetTimestamp();
        }

        /// <summary>Ends the measurement.</summary>
        public void Dispose()
        {
            Duration.Record(Stopwatch.GetElapsedTime(_start).TotalSeconds);
            _activity?.Dispose();
        }
    }
}
