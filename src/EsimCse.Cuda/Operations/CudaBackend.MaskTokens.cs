using EsimCse.Core.Backend;
using EsimCse.Cuda.Kernels;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    // masktokens.cu's Threads.
    const int MaskingThreads = 256;

    /// <inheritdoc/>
    public void MaskTokens(PackedBatch batch, MaskingSpec masking, StepState state, MaskedTokens masked)
    {
        int tokens = batch.Tokens;
        nint chosen = Scratch((long)tokens * sizeof(int));
        LaunchConfig perToken = new(CeilingDivide(tokens, MaskingThreads), MaskingThreads);
        Launch(
            "masktokens_draw", perToken, masking, state, batch.Ids, batch.Offsets, batch.Sentences,
            masked.Ids, chosen, tokens);
        LaunchConfig perTokenAndTail = perToken with { Blocks = perToken.Blocks + 1 };
        Launch(
            "masktokens_list", perTokenAndTail, batch.Ids, chosen,
            masked.Slots, masked.Rows, masked.Labels, masked.Count, tokens, masked.Rows.Columns);
    }
}
