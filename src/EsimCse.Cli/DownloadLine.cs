using EsimCseNative.Hub;

namespace EsimCse.Cli;

/// <summary>Progress of downloads on standard error.</summary>
sealed class DownloadLine : IDisposable
{
    const double Megabyte = 1e6;

    readonly StatusLine _line = new();
    string? _file;

    public void Show(DownloadProgress progress)
    {
        if (progress.File != _file) Begin(progress.File);
        bool isLast = progress.Bytes == progress.Size;
        if (!_line.IsDue && !(isLast && _line.IsOpen)) return;
        string size = progress.Size is { } bytes ? $" of {bytes / Megabyte:F1}" : "";
        _line.Show($"{progress.File}: {progress.Bytes / Megabyte:F1}{size} MB");
        if (isLast) _line.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose() => _line.Dispose();

    /// <summary>Begins a file. One that arrives within the interval has no line.</summary>
    void Begin(string file)
    {
        _line.Dispose();
        _file = file;
        _line.Wait();
    }
}
