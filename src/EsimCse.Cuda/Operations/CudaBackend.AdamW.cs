using EsimCse.Core.Backend;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <inheritdoc/>
    public void AdamWUpdate(
        Matrix gradients, Matrix chunks, TouchedRows touched, float decay, float emaDecay, StepState state,
        Matrix parameters, Matrix m, Matrix v, Matrix ema, Matrix bf16Weights, Matrix bf16Ema) =>
        Launch(
            "adamw_update", PerChunk(chunks), gradients, chunks, touched, decay, emaDecay, state,
            parameters, m, v, ema, bf16Weights, bf16Ema);
}
