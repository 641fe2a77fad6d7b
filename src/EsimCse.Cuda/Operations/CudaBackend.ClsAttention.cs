using EsimCse.Core.Backend;
using EsimCse.Cuda.Kernels;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <inheritdoc/>
    public void ClsAttentionForward(Matrix q, Matrix kv, PackedBatch batch, int heads, DropoutMask mask, Matrix context, Matrix logSumExp) =>
        Launch("clsattention_forward" + Suffix(q), PerFirstToken(batch, heads, HeadSize(q, heads) + batch.LongestSentence), q, kv, batch.Offsets, HeadSize(q, heads),
            mask, context, logSumExp);

    /// <inheritdoc/>
    public void ClsAttentionBackward(Matrix dcontext, Matrix q, Matrix kv, Matrix context, Matrix logSumExp, PackedBatch batch, int heads,
        DropoutMask mask, Matrix dq, Matrix dkv) =>
        Launch("clsattention_backward" + Suffix(q), PerFirstToken(batch, heads, 3 * HeadSize(q, heads) + 2 * batch.LongestSentence) with { Blocks = Blocks(batch) },
            dcontext, q, kv, context, logSumExp, batch.Offsets, batch.Tokens, batch.LongestSentence, HeadSize(q, heads),
            mask, dq, dkv);

    /// <summary>A warp and a block a sentence and head, with so many numbers in shared memory.</summary>
    static LaunchConfig PerFirstToken(PackedBatch batch, int heads, int numbers) => new(batch.Sentences, 32, checked(numbers * sizeof(float)), heads);
}
