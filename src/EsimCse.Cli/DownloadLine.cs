using EsimCseNative.Hub;

namespace EsimCse.Cli;

/// <summary>
/// Progress of downloads on standard error: on a terminal a line that is overwritten, elsewhere a line every ten
/// seconds.
/// </summary>
sealed class DownloadLine : IDisposable
{
    const double Megabyte = 1e6;

    static readonly TimeSpan TerminalInterval = TimeSpan.FromMilliseconds(150);
    static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);

    readonly bool _isTerminal = !Console.IsErrorRedirected;
    string? _file;
    DateTime _shown;
    bool _lineIsOpen;

    public void Show(DownloadProgress progress)
    {
        if (progress.File != _file) Begin(progress.File);
        bool isLast = progress.Bytes == progress.Size;
        TimeSpan interval = _isTerminal ? TerminalInterval : LogInterval;
        bool isDue = DateTime.UtcNow - _shown >= interval;
        if (!isDue && !(isLast && _lineIsOpen)) return;
        _shown = DateTime.UtcNow;
        string size = progress.Size is { } bytes ? $" of {bytes / Megabyte:F1}" : "";
        string line = $"{progress.File}: {progress.Bytes / Megabyte:F1}{size} MB";
        if (_isTerminal) Console.Error.Write($"\r{line}\e[K");
        else Console.Error.WriteLine(line);
        _lineIsOpen = _isTerminal;
        if (isLast) Dispose();
    }

    /// <summary>Begins a file. One that arrives within the interval has no line.</summary>
    void Begin(string file)
    {
        Dispose();
        _file = file;
        _shown = DateTime.UtcNow;
    }

    /// <summary>Ends the line that is overwritten, if there is one.</summary>
    public void Dispose()
    {
        if (_lineIsOpen) Console.Error.WriteLine();
        _lineIsOpen = false;
    }
}
