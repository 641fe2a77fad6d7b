using EsimCse.Core.Backend;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <inheritdoc/>
    public void Schedule(
        LearningRateSchedule schedule, float learningRate, int warmup, int steps, StepState state) =>
        Launch("schedule_step", SingleWarp(), (int)schedule, learningRate, warmup, steps, state);
}
