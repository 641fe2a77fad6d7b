using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Cuda.Kernels;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    // ShortSentence is the kernels': backward, a sentence of so many tokens or fewer is a block's.
    const int TileRows = 64, ShortSentence = 64, TileSkew = 8, RowsPerWarp = 16;

    /// <inheritdoc/>
    public void AttentionForward(Matrix qkv, PackedBatch batch, int heads, DropoutMask mask, Matrix context, Matrix logSumExp)
    {
        int size = HeadSize(context, heads);
        if (HasTiles(qkv, size))
            Launch($"attention_forward_tiles{size}{Suffix(qkv)}", PerTile(batch, heads, size, tiles: 3), qkv, batch.Offsets,
                mask, context, logSumExp, batch.Tokens);
        else
            Launch("attention_forward" + Suffix(qkv), PerSentence(batch, heads, size + batch.LongestSentence), qkv, batch.Offsets, batch.LongestSentence, size,
                mask, context, logSumExp, batch.Tokens);
    }

    /// <inheritdoc/>
    public void AttentionBackward(Matrix dcontext, Matrix qkv, Matrix context, Matrix logSumExp, PackedBatch batch, int heads,
        DropoutMask mask, Matrix dqkv)
    {
        (int size, int longest) = (HeadSize(context, heads), batch.LongestSentence);
        if (HasTiles(qkv, size))
        {
            OnTiles("attention_backward", PerShortTile(batch, heads, size));
            if (longest <= ShortSentence) return;
            foreach (string owner in (ReadOnlySpan<string>)["attention_queries", "attention_keys"]) OnTiles(owner, PerTile(batch, heads, size, tiles: 4) with { Blocks = batch.Sentences });
            return;
        }
        int kept = Math.Min(longest, ShortSentence);
        Launch("attention_backward" + Suffix(qkv), PerSentence(batch, heads, 3 * size, 2 * kept * kept), dcontext, qkv, context, logSumExp, batch.Offsets, size,
            mask, dqkv, batch.Tokens);
        if (longest <= ShortSentence) return;
        foreach ((string owner, int perWarp) in (ReadOnlySpan<(string, int)>)[("attention_queries", 3 * size + longest), ("attention_keys", 2 * size + 2 * longest)])
            Launch(owner + Suffix(qkv), PerSentence(batch, heads, perWarp) with { Blocks = batch.Sentences }, dcontext, qkv, context, logSumExp, batch.Offsets, longest, size,
                mask, dqkv, batch.Tokens);

        void OnTiles(string owner, LaunchConfig geometry) => Launch($"{owner}_tiles{size}{Suffix(qkv)}", geometry, dcontext, qkv, context, logSumExp, batch.Offsets,
            mask, dqkv, batch.Tokens);
    }

    /// <summary>Whether tensor cores take it: 16-bit types, and the head sizes that the kernels are made for.</summary>
    static bool HasTiles(Matrix qkv, int size) => qkv.Type != ElementType.Float32 && size is (32 or 64);

    /// <summary>A block for 64 rows of a sentence and head, and one for the rows that belong to none; tiles of rows and two numbers a row in shared memory.</summary>
    static LaunchConfig PerTile(PackedBatch batch, int heads, int size, int tiles) =>
        new(Blocks(batch), TileRows / RowsPerWarp * 32, tiles * TileRows * (size + TileSkew) * sizeof(ushort) + 2 * TileRows * sizeof(float), heads,
            Math.Max(1, (batch.LongestSentence + TileRows - 1) / TileRows));

    /// <summary>
    /// A block a short sentence and head, and one for the rows that belong to none: as many warps and rows of shared memory as the longest of them has, so that short ones leave room for each other.
    /// Of a row, four tiles, P ∘ mask and dS, and two numbers. No warp's work depends on how many there are.
    /// </summary>
    static LaunchConfig PerShortTile(PackedBatch batch, int heads, int size)
    {
        int warps = (Math.Clamp(batch.LongestSentence, 1, ShortSentence) + RowsPerWarp - 1) / RowsPerWarp, perRow = 4 * (size + TileSkew) + 2 * (ShortSentence + TileSkew);
        return new(Blocks(batch), warps * 32, warps * RowsPerWarp * (perRow * sizeof(ushort) + 2 * sizeof(float)), heads);
    }

    /// <summary>
    /// A block a sentence and head, and one for the rows that belong to none; shared memory for so many numbers a warp and a block. A warp has rows of its own,
    /// so that fewer of them, where more do not fit, give the same bits.
    /// </summary>
    LaunchConfig PerSentence(PackedBatch batch, int heads, int perWarp, int perBlock = 0)
    {
        int warps = 4;
        while (warps > 1 && SharedBytes(warps) > _device.SharedBytes) warps--;
        return new(Blocks(batch), warps * 32, SharedBytes(warps), heads);

        int SharedBytes(int warps) => checked((warps * perWarp + perBlock) * sizeof(float));
    }

    static int Blocks(PackedBatch batch) => batch.Tokens == 0 ? 0 : batch.Sentences + 1;

    static int HeadSize(Matrix context, int heads) => context.Columns / heads is var size && size % 8 == 0 ? size : throw new ArgumentException($"a head of {size} columns, expected a multiple of 8");
}
