using System.Globalization;
using EsimCse.Core.Training;

namespace EsimCse.Cli;

/// <summary>
/// Training progress on standard error: on a terminal one line that is overwritten, elsewhere a line every ten
/// seconds; for each evaluation a line of its own.
/// </summary>
sealed class ProgressLine : IDisposable
{
    static readonly TimeSpan TerminalInterval = TimeSpan.FromMilliseconds(150);
    static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);

    readonly bool _isTerminal = !Console.IsErrorRedirected;
    DateTime _shown = DateTime.MinValue;
    bool _lineIsOpen;

    public void Show(TrainingProgress progress)
    {
        if (progress.Score is { } score) ShowEvaluation(progress, score);
        else if (IsDue(progress)) ShowStep(progress);
    }

    /// <summary>Ends the line that is overwritten, if there is one.</summary>
    public void Dispose()
    {
        if (_lineIsOpen) Console.Error.WriteLine();
        _lineIsOpen = false;
    }

    bool IsDue(TrainingProgress progress)
    {
        TimeSpan interval = _isTerminal ? TerminalInterval : LogInterval;
        return DateTime.UtcNow - _shown >= interval || progress.Step >= progress.Steps;
    }

    void ShowEvaluation(TrainingProgress progress, double score)
    {
        Dispose();
        bool hasLoss = !double.IsNaN(progress.Loss);
        string loss = hasLoss ? progress.Loss.ToString("F4", CultureInfo.InvariantCulture) : "-";
        Console.Error.WriteLine(
            $"step {progress.Step}/{progress.Steps}  loss {loss}  dev {100 * score:F2}{BestScore(progress)}");
    }

    void ShowStep(TrainingProgress progress)
    {
        _shown = DateTime.UtcNow;
        string step = $"step {progress.Step}/{progress.Steps}  loss {progress.Loss:F4}";
        string speed = $"{progress.SentencesPerSecond:F0} sentences/s  {Clock(progress.Remaining)} left";
        string line = $"{step}  {speed}{BestScore(progress)}";
        if (_isTerminal) Console.Error.Write($"\r{line}\e[K");
        else Console.Error.WriteLine(line);
        _lineIsOpen = _isTerminal;
    }

    static string BestScore(TrainingProgress progress) =>
        progress.BestScore is { } score ? $"  best dev {100 * score:F2}" : "";

    static string Clock(TimeSpan left) => $"{(long)left.TotalHours:00}:{left:mm\\:ss}";
}
