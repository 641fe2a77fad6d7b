using EsimCse.Core.Backend;
using EsimCse.Cuda.Kernels;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <inheritdoc/>
    public void ClsAttentionForward(
        Matrix q, Matrix kv, PackedBatch batch, int heads, DropoutMask mask, Matrix context, Matrix logSumExp)
    {
        int size = HeadSize(q, heads);
        Launch(
            "clsattention_forward" + Suffix(q), WarpConfig(batch, heads, size + batch.LongestSentence),
            q, kv, batch.Offsets, size, mask, context, logSumExp);
    }

    /// <inheritdoc/>
    public void ClsAttentionBackward(
        Matrix dcontext, Matrix q, Matrix kv, Matrix context, Matrix logSumExp, PackedBatch batch, int heads,
        DropoutMask mask, Matrix dq, Matrix dkv, Matrix dbias)
    {
        nint partials = dbias.IsPresent ? KeepSums(batch.Sentences, dbias.Columns, dbias) : 0;
        int size = HeadSize(q, heads);
        LaunchConfig config = WarpConfig(batch, heads, 3 * size + 2 * batch.LongestSentence);
        Launch(
            "clsattention_backward" + Suffix(q), config with { Blocks = BlocksWithPadding(batch) },
            dcontext,
            q,
            kv,
            context,
            logSumExp,
            batch.Offsets,
            batch.Tokens,
            batch.LongestSentence,
            size,
            mask,
            dq,
            dkv,
            partials);
    }

    /// <summary>Returns a block of one warp per sentence and head, with shared memory for `floats` numbers.</summary>
    static LaunchConfig WarpConfig(PackedBatch batch, int heads, int floats) =>
        new(batch.Sentences, 32, checked(floats * sizeof(float)), heads);
}
