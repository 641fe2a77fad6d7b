using EsimCse.Core.Backend;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <inheritdoc/>
    public void ClearGradients(Matrix chunks, Matrix gradients) =>
        Launch("cleargradients_chunks", PerChunk(chunks), chunks, gradients);
}
