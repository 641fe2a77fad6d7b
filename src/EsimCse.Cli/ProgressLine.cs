using EsimCse.Core.Training;

namespace EsimCse.Cli;

/// <summary>Progress on stderr: one line that is rewritten on a terminal, a line now and then elsewhere; a line of its own for each evaluation.</summary>
sealed class ProgressLine : IDisposable
{
    static readonly TimeSpan Now = TimeSpan.FromMilliseconds(150), Then = TimeSpan.FromSeconds(10);

    readonly bool _live = !Console.IsErrorRedirected;
    DateTime _shown = DateTime.MinValue;
    bool _pending;

    public void Show(TrainingProgress progress)
    {
        string best = progress.BestScore is { } score ? $"  best dev {100 * score:F2}" : "";
        if (progress.Score is { } now)
        {
            Dispose();
            Console.Error.WriteLine($"step {progress.Step}/{progress.Steps}  loss {(double.IsNaN(progress.Loss) ? "-" : progress.Loss.ToString("F4", System.Globalization.CultureInfo.InvariantCulture))}  dev {100 * now:F2}{best}");
            return;
        }
        if (DateTime.UtcNow - _shown < (_live ? Now : Then) && progress.Step < progress.Steps) return;
        _shown = DateTime.UtcNow;
        string line = $"step {progress.Step}/{progress.Steps}  loss {progress.Loss:F4}  {progress.SentencesPerSecond:F0} sentences/s  {Clock(progress.Remaining)} left{best}";
        if (_live) Console.Error.Write($"\r{line}\e[K");
        else Console.Error.WriteLine(line);
        _pending = _live;
    }

    static string Clock(TimeSpan left) => $"{(long)left.TotalHours:00}:{left:mm\\:ss}";

    public void Dispose()
    {
        if (_pending) Console.Error.WriteLine();
        _pending = false;
    }
}
