using EsimCse.Core.Files;
using EsimCse.Core.Training;

namespace EsimCse.Reports.Events;

/// <summary>
/// Writes TensorBoard's event files into the folder tensorboard of a run: a scalar for each number of metrics.jsonl. A
/// resumed run writes a file of its own, and the events that it repeats are removed from the earlier ones.
/// </summary>
/// <param name="output">The run's folder.</param>
public sealed class EventFiles(string output) : IDisposable
{
    FileStream? _file;

    static double Now => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;

    /// <summary>Writes the event of a step or an evaluation; the first one opens the file.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(TrainingProgress progress)
    {
        ArgumentNullException.ThrowIfNull(progress);
        _file ??= Open(progress.Step);
        IEnumerable<KeyValuePair<string, double>>? values = progress.Metrics?.Values ?? progress.Evaluation?.Values;
        IEnumerable<KeyValuePair<string, double>> finite = (values ?? []).Where(value => double.IsFinite(value.Value));
        Append(_file, EventMessage.Scalars(Now, progress.Step, finite));
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    FileStream Open(int firstStep)
    {
        Directory.CreateDirectory(Path.Combine(output, EventFolder.Name));
        foreach ((int begin, string path) in EventFolder.Files(output))
            if (begin >= firstStep) File.Delete(path);
            else Cut(path, firstStep);
        // Without a buffer, as metrics.jsonl: a killed run leaves whole events.
        FileStream file = new(
            EventFolder.PathOf(output, firstStep), FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        Append(file, EventMessage.Version(Now));
        if (firstStep > 1) Append(file, EventMessage.SessionStart(Now, firstStep));
        return file;
    }

    /// <summary>Removes the events of a step and those after it.</summary>
    static void Cut(string path, int firstStep)
    {
        byte[] bytes = File.ReadAllBytes(path);
        IEnumerable<byte[]> kept =
            RecordFile.Read(bytes).TakeWhile(message => EventMessage.StepOf(message) < firstStep);
        byte[] cut = [.. kept.SelectMany(message => RecordFile.Frame(message))];
        if (cut.Length < bytes.Length) AtomicFile.Write(path, stream => stream.Write(cut));
    }

    static void Append(FileStream file, byte[] message) => file.Write(RecordFile.Frame(message));
}
