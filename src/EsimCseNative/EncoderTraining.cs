using EsimCse.Core;
using EsimCse.Core.Training;

namespace EsimCseNative;

/// <summary>Trains sentence encoders.</summary>
public static class EncoderTraining
{
    /// <summary>Runs a job to its end; <see cref="TrainingJob.Output"/> then opens with <see cref="SentenceEncoder.Load"/>.</summary>
    /// <param name="job">What to read, write and do.</param>
    /// <param name="progress">Called after each step and each evaluation, on the calling thread.</param>
    /// <param name="device">Where to compute; auto by default.</param>
    /// <param name="cancellation">Stops after the step under way, with a checkpoint that <see cref="TrainingJob.Resume"/> goes on from.</param>
    /// <returns>The best dev score and its step; null without evaluation.</returns>
    /// <exception cref="InvalidInputException">A file is not what it must be.</exception>
    /// <exception cref="UsageException">The output is in use, or the options differ from those of the run to resume.</exception>
    /// <exception cref="NotFiniteException">A loss is not finite; the last checkpoint is intact.</exception>
    /// <exception cref="DeviceException">There is no such device.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static (double Score, int Step)? Run(TrainingJob job, Action<TrainingProgress>? progress = null, DeviceChoice? device = null, CancellationToken cancellation = default)
    {
        using Trainer trainer = Trainer.Open(job, sizes => (device ?? new DeviceChoice()).OpenToTrain(sizes));
        trainer.Run(progress, cancellation);
        return trainer.Best;
    }
}
