using System.Diagnostics;
using EsimCse.Core.Evaluation;

namespace EsimCse.Core.Training;

/// <summary>Reports the results of steps to metrics.jsonl and to the caller, as they arrive from the device.</summary>
sealed class StepReporter(
    TrainingOptions options,
    Corpus corpus,
    int steps,
    StepResults results,
    RunFolder folder,
    MetricsFile metrics,
    Action<TrainingProgress>? progress)
{
    /// <summary>The weight of the newest rate in the smoothed one.</summary>
    const double RateSmoothing = 0.1;

    readonly StepResult[] _arrived = new StepResult[StepResults.Capacity];
    long _lastReport = Stopwatch.GetTimestamp();
    double _rate, _loss = double.NaN;

    /// <summary>Steps reported, those before a resume included.</summary>
    public required int Done { get; set; }

    /// <summary>Restarts the clock of the rate, after work that is not a step.</summary>
    public void RestartClock() => _lastReport = Stopwatch.GetTimestamp();

    /// <summary>
    /// Reports the steps that are done. Waits for all enqueued steps but the newest, or for that one too.
    /// </summary>
    /// <exception cref="NotFiniteException">A loss or a norm is not finite.</exception>
    public void ReportSteps(bool waitForNewest)
    {
        int count = 0;
        while (results.Count > 1 || results.IsNextCompleted || waitForNewest && results.Count > 0)
            _arrived[count++] = results.Dequeue();
        if (count == 0) return;
        double seconds = Stopwatch.GetElapsedTime(_lastReport).TotalSeconds / count;
        RestartClock();
        for (int i = 0; i < count; i++) ReportStep(_arrived[i], seconds);
    }

    /// <summary>Reports an evaluation after the last reported step.</summary>
    public void ReportEvaluation(DevEvaluation evaluation)
    {
        metrics.WriteEvaluation(Done, evaluation);
        folder.KeepIfBest(evaluation.Spearman, Done);
        Show(TimeSpan.Zero, null, evaluation);
    }

    void ReportStep(StepResult result, double seconds)
    {
        Done++;
        _loss = result.Loss;
        int firstSentence = (Done - 1) % corpus.Batches(options.BatchSize) * options.BatchSize;
        double rate = Math.Min(options.BatchSize, corpus.Count - firstSentence) / seconds;
        _rate = _rate == 0 ? rate : (1 - RateSmoothing) * _rate + RateSmoothing * rate;
        if (result.NotFiniteStep != 0) throw NotFinite(result);
        metrics.WriteStep(Done, result, rate);
        TimeSpan remaining = TimeSpan.FromSeconds((double)(steps - Done) * options.BatchSize / _rate);
        StepMetrics step = new(result.Loss, result.LearningRate, result.GradientNorm, rate)
        {
            MlmLoss = result.MlmLoss,
        };
        Show(remaining, step, null);
    }

    void Show(TimeSpan remaining, StepMetrics? step, DevEvaluation? evaluation) =>
        progress?.Invoke(new(Done, steps, _loss, _rate, remaining, evaluation?.Spearman, folder.Best?.Score)
        {
            Metrics = step,
            Evaluation = evaluation,
        });

    static NotFiniteException NotFinite(StepResult result) => new(
        $"step {result.NotFiniteStep}: loss {result.Loss}, gradient norm {result.GradientNorm}: not finite; " +
        "lower --learning-rate, or continue from the last checkpoint with --resume");
}
