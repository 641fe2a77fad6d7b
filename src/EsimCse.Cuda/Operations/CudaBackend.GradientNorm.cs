using EsimCse.Core.Backend;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <inheritdoc/>
    public void GradientNorm(Matrix gradients, Matrix chunks, float maximum, Matrix partials, StepState state)
    {
        Launch("gradientnorm_chunks", PerChunk(chunks), chunks, gradients, partials);
        Launch("gradientnorm_total", SingleWarp(), partials, chunks.Rows, maximum, state);
    }
}
