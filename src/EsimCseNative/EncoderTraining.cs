using EsimCse.Core;
using EsimCse.Core.Training;
using EsimCse.Formats;
using EsimCseNative.Hub;

namespace EsimCseNative;

/// <summary>Training of sentence encoders.</summary>
public static class EncoderTraining
{
    /// <summary>
    /// Runs a training job to its end. <see cref="SentenceEncoder.Load"/> then opens <see cref="TrainingJob.Output"/>.
    /// </summary>
    /// <param name="job">Inputs, output and options. The model may be an id; see <see cref="HubModel"/>.</param>
    /// <param name="progress">Called after each step and each evaluation, on the calling thread.</param>
    /// <param name="device">The device; auto by default.</param>
    /// <param name="cancellation">
    /// Stops the run after the current step, with a checkpoint from which <see cref="TrainingJob.Resume"/> continues.
    /// </param>
    /// <returns>The best dev score and its step; null without evaluation.</returns>
    /// <exception cref="InvalidInputException">A file is missing or not valid.</exception>
    /// <exception cref="UsageException">
    /// The output is in use, or the options differ from those of the run to resume.
    /// </exception>
    /// <exception cref="IOException">
    /// The output cannot be written, another run is writing it, or the hub cannot be reached.
    /// </exception>
    /// <exception cref="NotFiniteException">A loss is not finite; the last checkpoint is intact.</exception>
    /// <exception cref="DeviceException">The device is missing or failed.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public static (double Score, int Step)? Run(
        TrainingJob job,
        Action<TrainingProgress>? progress = null,
        DeviceChoice? device = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(job);
        DeviceChoice choice = device ?? new DeviceChoice();
        if (job.Model is { } model) job = job.WithFolder(HubModel.Resolve(model, cancellation: cancellation));
        using Trainer trainer = Trainer.Open(job, sizes => choice.OpenToTrain(sizes), TableFormats.Reader);
        trainer.Run(progress, cancellation);
        return trainer.Best;
    }
}
