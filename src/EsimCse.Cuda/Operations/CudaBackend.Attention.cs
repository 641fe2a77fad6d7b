using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Cuda.Kernels;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    // The constants of attention.cuh and attention_mma.cuh; TilePadding is TileStride - D.
    const int ShortSentence = 64;
    const int TileRows = 64;
    const int TilePadding = 8;
    const int RowsPerWarp = 16;

    /// <inheritdoc/>
    public void AttentionForward(
        Matrix qkv, PackedBatch batch, int heads, DropoutMask mask, Matrix context, Matrix logSumExp)
    {
        int size = HeadSize(context, heads);
        if (UsesTensorCores(qkv.Type, size))
            Launch(
                $"attention_forward_tiles{size}{Suffix(qkv)}", TileConfig(batch, heads, size, tiles: 3),
                qkv, batch.Offsets, mask, context, logSumExp, batch.Tokens);
        else
            Launch(
                "attention_forward" + Suffix(qkv), SentenceConfig(batch, heads, size + batch.LongestSentence),
                qkv, batch.Offsets, batch.LongestSentence, size, mask, context, logSumExp, batch.Tokens);
    }

    /// <inheritdoc/>
    public void AttentionBackward(
        Matrix dcontext, Matrix qkv, Matrix context, Matrix logSumExp, PackedBatch batch, int heads, DropoutMask mask,
        Matrix dqkv)
    {
        int size = HeadSize(context, heads);
        int longest = batch.LongestSentence;
        if (UsesTensorCores(qkv.Type, size))
        {
            LaunchTiles("attention_backward", ShortTileConfig(batch, heads, size));
            if (longest <= ShortSentence) return;
            LaunchConfig config = TileConfig(batch, heads, size, tiles: 4) with { Blocks = batch.Sentences };
            LaunchTiles("attention_queries", config);
            LaunchTiles("attention_keys", config);
            return;
        }
        int longestShort = Math.Min(longest, ShortSentence);
        Launch(
            "attention_backward" + Suffix(qkv), SentenceConfig(batch, heads, 3 * size, 2 * longestShort * longestShort),
            dcontext, qkv, context, logSumExp, batch.Offsets, size, mask, dqkv, batch.Tokens);
        if (longest <= ShortSentence) return;
        LaunchLong("attention_queries", 3 * size + longest);
        LaunchLong("attention_keys", 2 * size + 2 * longest);

        void LaunchTiles(string name, LaunchConfig config) => Launch(
            $"{name}_tiles{size}{Suffix(qkv)}", config,
            dcontext, qkv, context, logSumExp, batch.Offsets, mask, dqkv, batch.Tokens);

        void LaunchLong(string name, int floatsPerWarp) => Launch(
            name + Suffix(qkv), SentenceConfig(batch, heads, floatsPerWarp) with { Blocks = batch.Sentences },
            dcontext, qkv, context, logSumExp, batch.Offsets, longest, size, mask, dqkv, batch.Tokens);
    }

    internal static bool UsesTensorCores(ElementType type, int size) =>
        type != ElementType.Float32 && size is (32 or 64);

    /// <summary>
    /// Returns a block per 64 rows of a sentence and head, and one for the padding rows. Shared memory: tiles of rows,
    /// and two floats per row.
    /// </summary>
    static LaunchConfig TileConfig(PackedBatch batch, int heads, int size, int tiles)
    {
        int threads = TileRows / RowsPerWarp * 32;
        int sharedBytes = tiles * TileRows * (size + TilePadding) * sizeof(ushort) + 2 * TileRows * sizeof(float);
        int tilesPerSentence = Math.Max(1, CeilingDivide(batch.LongestSentence, TileRows));
        return new(BlocksWithPadding(batch), threads, sharedBytes, heads, tilesPerSentence);
    }

    /// <summary>
    /// Returns a block per short sentence and head, and one for the padding rows, with the warps and rows of shared
    /// memory that the longest of the short sentences needs. Shared memory per row: four tiles, P ∘ mask and dS, and
    /// two floats.
    /// </summary>
    /// <remarks>A warp's work does not depend on the number of warps, nor do the results.</remarks>
    static LaunchConfig ShortTileConfig(PackedBatch batch, int heads, int size)
    {
        int longest = Math.Clamp(batch.LongestSentence, 1, ShortSentence);
        int warps = CeilingDivide(longest, RowsPerWarp);
        int elementsPerRow = 4 * (size + TilePadding) + 2 * (ShortSentence + TilePadding);
        int bytesPerRow = elementsPerRow * sizeof(ushort) + 2 * sizeof(float);
        return new(BlocksWithPadding(batch), warps * 32, warps * RowsPerWarp * bytesPerRow, heads);
    }

    /// <summary>
    /// Returns a block per sentence and head, and one for the padding rows, of four warps, or of fewer if their shared
    /// memory exceeds the device's.
    /// </summary>
    /// <remarks>Each warp computes whole rows, so the results do not depend on the number of warps.</remarks>
    LaunchConfig SentenceConfig(PackedBatch batch, int heads, int floatsPerWarp, int floatsPerBlock = 0)
    {
        int warps = 4;
        while (warps > 1 && SharedBytes(warps) > _device.SharedBytes) warps--;
        return new(BlocksWithPadding(batch), warps * 32, SharedBytes(warps), heads);

        int SharedBytes(int warps) => checked((warps * floatsPerWarp + floatsPerBlock) * sizeof(float));
    }

    static int HeadSize(Matrix context, int heads)
    {
        int size = context.Columns / heads;
        if (size % 8 != 0) throw new ArgumentException($"a head of {size} columns, expected a multiple of 8");
        return size;
    }
}
