using EsimCse.Core.Backend;
using EsimCse.Cuda.Kernels;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    // gradientnorm.cu's TotalThreads.
    const int TotalThreads = 1024;

    /// <inheritdoc/>
    public void GradientNorm(
        Matrix gradients, Matrix chunks, TouchedRows touched, float maximum, Matrix partials, StepState state)
    {
        Launch("gradientnorm_chunks", PerChunk(chunks), chunks, touched, gradients, partials);
        Launch("gradientnorm_total", new LaunchConfig(1, TotalThreads), partials, chunks.Rows, maximum, state);
    }
}
