using System.Diagnostics.Metrics;
using EsimCseNative;

namespace EsimCse.Serving;

/// <summary>The server's instruments, of the meter EsimCseNative. Requests are measured by ASP.NET Core's.</summary>
sealed class Instruments : IDisposable
{
    /// <summary>The name of the meter and of the activity source.</summary>
    public const string Name = "EsimCseNative";

    readonly Meter _meter = new(Name);
    readonly Histogram<int> _batchTokens;
    readonly Histogram<int> _batchInputs;

    /// <summary>Creates the instruments.</summary>
    /// <param name="admission">States the inputs that wait.</param>
    public Instruments(Admission admission)
    {
        _batchTokens = Histogram("esimcse.batch.tokens", "{token}", "Tokens of a batch.", 17);
        _batchInputs = Histogram("esimcse.batch.inputs", "{input}", "Inputs of a batch.", 12);
        _meter.CreateObservableGauge(
            "esimcse.queue.inputs", () => admission.Inputs, "{input}", "Inputs that were accepted and have no answer.");
    }

    /// <summary>Whether an instrument is one of these.</summary>
    public bool Owns(Instrument instrument) => instrument.Meter == _meter;

    /// <summary>Counts a batch that goes to the device.</summary>
    public void CountBatch(TokenBatch batch)
    {
        if (_batchTokens.Enabled) _batchTokens.Record(batch.Sentences.Sum(sentence => sentence.Length));
        _batchInputs.Record(batch.Sentences.Count);
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    /// <summary>Creates a histogram with the powers of two as its bounds.</summary>
    Histogram<int> Histogram(string name, string unit, string description, int powers)
    {
        InstrumentAdvice<int> advice = new()
        {
            HistogramBucketBoundaries = [.. Enumerable.Range(0, powers).Select(power => 1 << power)],
        };
        return _meter.CreateHistogram(name, unit, description, tags: null, advice);
    }
}
