namespace EsimCse.Cuda;

partial class CudaBackend
{
    const int WarpsPerAttention = 4, WidestHead = 128, TileRows = 64, TileSkew = 8;

    /// <inheritdoc/>
    public void AttentionForward(Matrix qkv, PackedBatch batch, int heads, DropoutMask mask, Matrix context, Matrix logSumExp)
    {
        int size = HeadSize(context, heads);
        if (HasTiles(qkv, size))
            Launch($"attention_forward_tiles{size}{Suffix(qkv)}", PerTile(batch, heads, size, tiles: 3), qkv, batch.Offsets,
                (uint)mask.Seed, (uint)(mask.Seed >> 32), mask.Threshold, mask.Scale, mask.Site, mask.SentencesPerView, mask.Counters, context, logSumExp, batch.Tokens);
        else
            Launch("attention_forward" + Suffix(qkv), PerSentence(batch, heads), qkv, batch.Offsets, batch.LongestSentence, size,
                (uint)mask.Seed, (uint)(mask.Seed >> 32), mask.Threshold, mask.Scale, mask.Site, mask.SentencesPerView, mask.Counters, context, logSumExp, batch.Tokens);
    }

    /// <inheritdoc/>
    public void AttentionBackward(Matrix dcontext, Matrix qkv, Matrix context, Matrix logSumExp, PackedBatch batch, int heads,
        DropoutMask mask, Matrix dqkv)
    {
        int size = HeadSize(context, heads);
        foreach (string owner in (ReadOnlySpan<string>)["attention_queries", "attention_keys"])
            if (HasTiles(qkv, size))
                Launch($"{owner}_tiles{size}{Suffix(qkv)}", PerTile(batch, heads, size, tiles: 4), dcontext, qkv, context, logSumExp, batch.Offsets,
                    (uint)mask.Seed, (uint)(mask.Seed >> 32), mask.Threshold, mask.Scale, mask.Site, mask.SentencesPerView, mask.Counters, dqkv, batch.Tokens);
            else
                Launch(owner + Suffix(qkv), PerSentence(batch, heads), dcontext, qkv, context, logSumExp, batch.Offsets, batch.LongestSentence, size,
                    (uint)mask.Seed, (uint)(mask.Seed >> 32), mask.Threshold, mask.Scale, mask.Site, mask.SentencesPerView, mask.Counters, dqkv, batch.Tokens);
    }

    /// <summary>Whether tensor cores take it: 16-bit types, and the head sizes that the kernels are made for.</summary>
    static bool HasTiles(Matrix qkv, int size) => qkv.Type != ElementType.Float32 && size is (32 or 64);

    /// <summary>A block for 64 rows of a sentence and head, and one for the rows that belong to none; tiles of rows and two numbers a row in shared memory.</summary>
    static Geometry PerTile(PackedBatch batch, int heads, int size, int tiles) =>
        new(batch.Tokens == 0 ? 0 : batch.Sentences + 1, WarpsPerAttention * 32, tiles * TileRows * (size + TileSkew) * sizeof(ushort) + 2 * TileRows * sizeof(float), heads,
            Math.Max(1, (batch.LongestSentence + TileRows - 1) / TileRows));

    /// <summary>A block a sentence and head, and one for the rows that belong to none; each of its warps has rows of a head and two numbers a token in shared memory.</summary>
    static Geometry PerSentence(PackedBatch batch, int heads) =>
        new(batch.Tokens == 0 ? 0 : batch.Sentences + 1, WarpsPerAttention * 32, WarpsPerAttention * (3 * WidestHead + 2 * batch.LongestSentence) * sizeof(float), heads);

    static int HeadSize(Matrix context, int heads) => context.Columns / heads is var size && size % 8 == 0 && size <= WidestHead ? size
        : throw new ArgumentException($"a head of {size} columns, expected a multiple of 8, at most {WidestHead}");
}
