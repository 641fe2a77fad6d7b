using EsimCse.Core.Backend;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <inheritdoc/>
    public void ClearGradients(Matrix chunks, TouchedRows touched, Matrix gradients)
    {
        Launch("cleargradients_chunks", PerChunk(chunks), chunks, touched, gradients);
        if (touched.Flags.IsPresent)
            Launch("cleargradients_rows", PerWarp(touched.Flags.Columns), touched, gradients);
    }
}
