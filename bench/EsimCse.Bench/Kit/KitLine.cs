using System.Text.Json;
using EsimCse.Core;

namespace EsimCse.Bench.Kit;

/// <summary>Writes results as JSON, a line a result.</summary>
sealed class KitLine(ElementType precision, string model)
{
    /// <summary>Writes a measurement.</summary>
    /// <param name="part">The kind of work: ceiling, step, embedding or operation.</param>
    /// <param name="name">The name of the work.</param>
    /// <param name="found">The measurement.</param>
    /// <param name="batch">Sentences.</param>
    /// <param name="tokens">Tokens of a sentence.</param>
    public void Write(string part, string name, Measurement found, int batch = 0, int tokens = 0) =>
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            part,
            who = "ours",
            name,
            model,
            precision = precision.Name(),
            batch,
            tokens,
            ms = found.Median,
            least = found.Milliseconds.Min(),
            most = found.Milliseconds.Max(),
            sentences = found.Sentences,
            operations = found.FloatingPointOperations,
            bytes = found.Bytes,
        }));

    /// <summary>Writes a measurement, or why there is none.</summary>
    public void Try(string part, string name, Workload work, int batch, Func<Measurement> measure)
    {
        try
        {
            Write(part, name, measure(), batch, work.SentenceLength);
        }
        catch (DeviceMemoryException exception)
        {
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                part,
                who = "ours",
                name,
                model,
                precision = precision.Name(),
                batch,
                tokens = work.SentenceLength,
                failed = exception.Message,
            }));
        }
    }
}
