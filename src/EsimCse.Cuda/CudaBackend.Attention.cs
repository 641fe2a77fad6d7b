namespace EsimCse.Cuda;

partial class CudaBackend
{
    const int WarpsPerAttention = 4, WidestHead = 128;

    /// <inheritdoc/>
    public void AttentionForward(Matrix qkv, PackedBatch batch, int heads, DropoutMask mask, Matrix context, Matrix logSumExp) =>
        Launch("attention_forward" + Suffix(qkv), PerSentence(batch, heads), qkv, batch.Offsets, batch.LongestSentence, HeadSize(context, heads),
            (uint)mask.Seed, (uint)(mask.Seed >> 32), mask.Threshold, mask.Scale, mask.Site, mask.SentencesPerView, mask.Counters, context, logSumExp, batch.Tokens);

    /// <inheritdoc/>
    public void AttentionBackward(Matrix dcontext, Matrix qkv, Matrix context, Matrix logSumExp, PackedBatch batch, int heads,
        DropoutMask mask, Matrix dqkv)
    {
        Launch("attention_queries" + Suffix(qkv), PerSentence(batch, heads), dcontext, qkv, context, logSumExp, batch.Offsets, batch.LongestSentence, HeadSize(context, heads),
            (uint)mask.Seed, (uint)(mask.Seed >> 32), mask.Threshold, mask.Scale, mask.Site, mask.SentencesPerView, mask.Counters, dqkv, batch.Tokens);
        Launch("attention_keys" + Suffix(qkv), PerSentence(batch, heads), dcontext, qkv, context, logSumExp, batch.Offsets, batch.LongestSentence, HeadSize(context, heads),
            (uint)mask.Seed, (uint)(mask.Seed >> 32), mask.Threshold, mask.Scale, mask.Site, mask.SentencesPerView, mask.Counters, dqkv, batch.Tokens);
    }

    /// <summary>A block a sentence and head, and one for the rows that belong to none; each of its warps has rows of a head and two numbers a token in shared memory.</summary>
    static Geometry PerSentence(PackedBatch batch, int heads) =>
        new(batch.Tokens == 0 ? 0 : batch.Sentences + 1, WarpsPerAttention * 32, WarpsPerAttention * (3 * WidestHead + 2 * batch.LongestSentence) * sizeof(float), heads);

    static int HeadSize(Matrix context, int heads) => context.Columns / heads is var size && size % 8 == 0 && size <= WidestHead ? size
        : throw new ArgumentException($"a head of {size} columns, expected a multiple of 8, at most {WidestHead}");
}
