using EsimCse.Core.Backend;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <inheritdoc/>
    public void AdamWUpdate(Matrix gradients, Matrix chunks, float decay, float averageMomentum, StepState state,
        Matrix parameters, Matrix first, Matrix second, Matrix average, Matrix shadow, Matrix averageShadow) =>
        Launch("adamw_update", PerChunk(chunks), gradients, chunks, decay, averageMomentum, state.Counters, state.Scalars, parameters, first, second, average, shadow, averageShadow);
}
