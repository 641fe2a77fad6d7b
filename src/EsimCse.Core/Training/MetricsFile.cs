using System.Text;
using System.Text.Json;

namespace EsimCse.Core.Training;

/// <summary>metrics.jsonl: an object a step and one an evaluation, each step once.</summary>
sealed class MetricsFile : IDisposable
{
    readonly FileStream _stream;

    /// <summary>Opens the file and cuts it back to the lines up to a step; -1 for none.</summary>
    public MetricsFile(string path, int lastStep)
    {
        string kept = !File.Exists(path) ? "" : string.Concat(File.ReadLines(path).TakeWhile(line => StepOf(line) is { } step && step <= lastStep).Select(line => line + "\n"));
        Files.AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(kept)));
        // Without a buffer: what could not be written is not tried again when the file is closed.
        _stream = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
    }

    public void Step(int step, StepResult result, double sentencesPerSecond) => Line(json =>
    {
        json.WriteNumber("step", step);
        json.WriteNumber("loss", result.Loss);
        json.WriteNumber("learning_rate", result.LearningRate);
        json.WriteNumber("gradient_norm", result.GradientNorm);
        json.WriteNumber("sentences_per_second", sentencesPerSecond);
    });

    public void Evaluation(int step, double spearman) => Line(json =>
    {
        json.WriteNumber("step", step);
        if (double.IsFinite(spearman)) json.WriteNumber("stsb_dev", spearman);
        else json.WriteNull("stsb_dev");
    });

    public void Dispose() => _stream.Dispose();

    void Line(Action<Utf8JsonWriter> write)
    {
        using MemoryStream line = new();
        using (Utf8JsonWriter json = new(line))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        line.WriteByte((byte)'\n');
        try
        {
            _stream.Write(line.GetBuffer(), 0, (int)line.Length);
        }
        catch (ArgumentOutOfRangeException error)
        {
            // How .NET reports a file that passes the size that the file system or the process's limit allows.
            throw new IOException($"{_stream.Name}: {error.Message}", error);
        }
    }

    static int? StepOf(string line)
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
}
