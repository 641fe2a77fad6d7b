namespace EsimCse.Cli;

/// <summary>
/// The state of a long command on standard error: on a terminal one line that is overwritten, elsewhere a line every
/// ten seconds.
/// </summary>
sealed class StatusLine : IDisposable
{
    static readonly TimeSpan TerminalInterval = TimeSpan.FromMilliseconds(150);
    static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);

    readonly bool _isTerminal = !Console.IsErrorRedirected;
    long _shown = -(long)LogInterval.TotalMilliseconds;

    /// <summary>Whether a line is shown that the next one overwrites.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Whether the last line is old enough for another one.</summary>
    public bool IsDue
    {
        get
        {
            TimeSpan interval = _isTerminal ? TerminalInterval : LogInterval;
            return Environment.TickCount64 - _shown >= interval.TotalMilliseconds;
        }
    }

    /// <summary>Counts an interval from now on, so that what ends sooner shows nothing.</summary>
    public void Wait() => _shown = Environment.TickCount64;

    /// <summary>Shows a line.</summary>
    public void Show(string line)
    {
        Wait();
        if (_isTerminal) Console.Error.Write($"\r{line}\e[K");
        else Console.Error.WriteLine(line);
        IsOpen = _isTerminal;
    }

    /// <summary>Ends the line that is overwritten, if there is one.</summary>
    public void Dispose()
    {
        if (IsOpen) Console.Error.WriteLine();
        IsOpen = false;
    }

    /// <summary>Returns a time as hours, minutes and seconds.</summary>
    public static string Clock(TimeSpan time) => $"{(long)time.TotalHours:00}:{time:mm\\:ss}";
}
