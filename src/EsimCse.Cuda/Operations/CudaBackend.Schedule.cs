using EsimCse.Core.Backend;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <inheritdoc/>
    public void Schedule(float learningRate, int steps, StepState state) => Launch("schedule_step", new(1, 32), learningRate, steps, state);
}
