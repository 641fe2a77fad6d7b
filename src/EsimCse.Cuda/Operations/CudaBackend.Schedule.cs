using EsimCse.Core.Backend;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <inheritdoc/>
    public void Schedule(float learningRate, int steps, StepState state) =>
        Launch("schedule_step", SingleWarp(), learningRate, steps, state);
}
