using System.Globalization;
using EsimCse.Core.Training;

namespace EsimCse.Cli;

/// <summary>Training progress on standard error, and a line for each evaluation.</summary>
sealed class ProgressLine : IDisposable
{
    readonly StatusLine _line = new();

    public void Show(TrainingProgress progress)
    {
        if (progress.Score is { } score) ShowEvaluation(progress, score);
        else if (IsDue(progress)) ShowStep(progress);
    }

    /// <inheritdoc/>
    public void Dispose() => _line.Dispose();

    bool IsDue(TrainingProgress progress) => _line.IsDue || progress.Step >= progress.Steps;

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
        string step = $"step {progress.Step}/{progress.Steps}  loss {progress.Loss:F4}";
        string speed = $"{progress.SentencesPerSecond:F0} sentences/s  {StatusLine.Clock(progress.Remaining)} left";
        _line.Show($"{step}  {speed}{BestScore(progress)}");
    }

    static string BestScore(TrainingProgress progress) =>
        progress.BestScore is { } score ? $"  best dev {100 * score:F2}" : "";
}
