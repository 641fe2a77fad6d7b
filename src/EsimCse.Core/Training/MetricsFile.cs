using System.Text;
using System.Text.Json;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Files;

namespace EsimCse.Core.Training;

/// <summary>
/// The file metrics.jsonl: one JSON object per step and one per evaluation, every step once. A thread writes the lines;
/// its errors are those of later calls.
/// </summary>
sealed class MetricsFile : IDisposable
{
    /// <summary>Name of the file in a run's folder.</summary>
    public const string Name = "metrics.jsonl";

    readonly FileStream _stream;
    readonly BackgroundWriter _writer;

    /// <summary>Opens the file, and removes the lines after <paramref name="lastStep"/>; -1 removes all.</summary>
    public MetricsFile(string path, int lastStep)
    {
        string lines = LinesUpTo(path, lastStep);
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(lines)));
        // Without a buffer: bytes that could not be written are not written again on closing.
        _stream = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        _writer = new BackgroundWriter("metrics");
    }

    /// <summary>Ends when all lines so far are written, or with the error of one.</summary>
    public Task Written { get; private set; } = Task.CompletedTask;

    /// <summary>Writes the line of a step.</summary>
    public void WriteStep(int step, StepResult result, double sentencesPerSecond) => WriteLine(json =>
    {
        json.WriteNumber("step", step);
        json.WriteNumber("loss", result.Loss);
        if (result.MlmLoss is { } mlmLoss) json.WriteNumber("mlm_loss", mlmLoss);
        json.WriteNumber("learning_rate", result.LearningRate);
        json.WriteNumber("gradient_norm", result.GradientNorm);
        json.WriteNumber("sentences_per_second", sentencesPerSecond);
    });

    /// <summary>Writes the line of an evaluation; a score that is not finite becomes null.</summary>
    public void WriteEvaluation(int step, DevEvaluation evaluation) => WriteLine(json =>
    {
        json.WriteNumber("step", step);
        foreach ((string name, double value) in evaluation.Values)
            if (double.IsFinite(value)) json.WriteNumber(name, value);
            else json.WriteNull(name);
    });

    public void Dispose()
    {
        _writer.Dispose();
        _stream.Dispose();
    }

    static string LinesUpTo(string path, int lastStep)
    {
        if (!File.Exists(path)) return "";
        IEnumerable<string> lines =
            File.ReadLines(path).TakeWhile(line => ReadStep(line) is { } step && step <= lastStep);
        return string.Concat(lines.Select(line => line + "\n"));
    }

    static int? ReadStep(string line)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            return json.RootElement.GetProperty("step").GetInt32();
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }

    void WriteLine(Action<Utf8JsonWriter> write)
    {
        MemoryStream line = new();
        using (Utf8JsonWriter json = new(line))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        line.WriteByte((byte)'\n');
        Written = _writer.Enqueue(() => Append(line.GetBuffer().AsSpan(0, (int)line.Length)));
    }

    void Append(ReadOnlySpan<byte> line)
    {
        try
        {
            _stream.Write(line);
        }
        catch (ArgumentOutOfRangeException error)
        {
            // .NET's report of a file beyond the size that the file system or the process's limit allows.
            throw new IOException($"{_stream.Name}: {error.Message}", error);
        }
    }
}
