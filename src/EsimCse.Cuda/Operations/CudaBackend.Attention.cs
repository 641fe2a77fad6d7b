using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Cuda.Kernels;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    // The constants of attention.cuh and attention_mma.cuh; TilePadding is TileStride - D.
    const int ShortSentence = 64;
    const int TileRows = 64;
    const int MinTileRows = 32;
    const int TilePadding = 8;
    const int RowsPerWarp = 16;

    /// <inheritdoc/>
    public void AttentionForward(
        Matrix qkv, PackedBatch batch, int heads, DropoutMask mask, Matrix context, Matrix logSumExp)
    {
        int size = HeadSize(context, heads);
        if (UsesTensorCores(qkv.Type, size))
            Launch(
                ShortKernel("attention_forward", batch, size, qkv), ForwardTileConfig(batch, heads, size),
                qkv, batch.Offsets, mask, context, logSumExp, batch.Tokens);
        else
            Launch(
                "attention_forward" + Suffix(qkv), SentenceConfig(batch, heads, size + batch.LongestSentence),
                qkv, batch.Offsets, batch.LongestSentence, size, mask, context, logSumExp, batch.Tokens);
    }

    /// <inheritdoc/>
    public void AttentionBackward(
        Matrix dcontext, Matrix qkv, Matrix context, Matrix logSumExp, PackedBatch batch, int heads, DropoutMask mask,
        Matrix dqkv, Matrix dbias)
    {
        int size = HeadSize(context, heads);
        bool isShort = batch.LongestSentence <= ShortSentence;
        nint partials = dbias.IsPresent && isShort ? KeepSums(batch.Sentences, dqkv.Columns, dbias) : 0;
        if (UsesTensorCores(qkv.Type, size))
            Launch(
                ShortKernel("attention_backward", batch, size, qkv), ShortTileConfig(batch, heads, size),
                dcontext, qkv, logSumExp, batch.Offsets, mask, dqkv, partials, batch.Tokens);
        else
            Launch(
                "attention_backward" + Suffix(qkv), ShortConfig(batch, heads, size),
                dcontext, qkv, context, logSumExp, batch.Offsets, size, mask, dqkv, partials, batch.Tokens);
        if (isShort) return;
        LongAttentionBackward(dcontext, qkv, context, logSumExp, batch, heads, mask, dqkv);
        if (dbias.IsPresent) AddColumnSums(dqkv, dbias);
    }

    void LongAttentionBackward(
        Matrix dcontext, Matrix qkv, Matrix context, Matrix logSumExp, PackedBatch batch, int heads, DropoutMask mask,
        Matrix dqkv)
    {
        int size = HeadSize(context, heads);
        int longest = batch.LongestSentence;
        if (UsesTensorCores(qkv.Type, size))
        {
            LaunchTiles("attention_queries");
            LaunchTiles("attention_keys");
            return;
        }
        LaunchRows("attention_queries", 3 * size + longest);
        LaunchRows("attention_keys", 2 * size + 2 * longest);

        void LaunchTiles(string name) => Launch(
            $"{name}_tiles{size}{Suffix(qkv)}", LongTileConfig(batch, heads, size),
            dcontext, qkv, context, logSumExp, batch.Offsets, mask, dqkv, batch.Tokens);

        void LaunchRows(string name, int floatsPerWarp) => Launch(
            name + Suffix(qkv), SentenceConfig(batch, heads, floatsPerWarp) with { Blocks = batch.Sentences },
            dcontext, qkv, context, logSumExp, batch.Offsets, longest, size, mask, dqkv, batch.Tokens);
    }

    LaunchConfig ShortConfig(PackedBatch batch, int heads, int size)
    {
        int longest = Math.Min(batch.LongestSentence, ShortSentence);
        return SentenceConfig(batch, heads, 3 * size, 2 * longest * longest);
    }

    internal static bool UsesTensorCores(ElementType type, int size) =>
        type != ElementType.Float32 && size is (32 or 64);

    /// <summary>Returns the name of a kernel that has an instance for tiles of 32, of 48 and of 64 rows.</summary>
    static string ShortKernel(string name, PackedBatch batch, int size, Matrix qkv) =>
        $"{name}_tiles{size}x{ShortTileRows(batch)}{Suffix(qkv)}";

    /// <summary>
    /// Returns the rows of the smallest tile that the longest sentence fits into, at most <see cref="TileRows"/>.
    /// </summary>
    /// <remarks>A warp's work does not depend on the tile's rows, nor do the results.</remarks>
    static int ShortTileRows(PackedBatch batch)
    {
        int longest = Math.Clamp(batch.LongestSentence, MinTileRows, TileRows);
        return CeilingDivide(longest, RowsPerWarp) * RowsPerWarp;
    }

    /// <summary>Returns a block per tile of a sentence and head, and one for the padding rows.</summary>
    static LaunchConfig ForwardTileConfig(PackedBatch batch, int heads, int size)
    {
        int rows = ShortTileRows(batch);
        int tilesPerSentence = Math.Max(1, CeilingDivide(batch.LongestSentence, rows));
        return new(BlocksWithPadding(batch), TileThreads(rows), 3 * TileBytes(rows, size), heads, tilesPerSentence);
    }

    /// <summary>
    /// Returns a block per short sentence and head, and one for the padding rows. Shared memory: four tiles, P ∘ mask
    /// and dS, and a float per row.
    /// </summary>
    static LaunchConfig ShortTileConfig(PackedBatch batch, int heads, int size)
    {
        int rows = ShortTileRows(batch);
        int bytes = 4 * TileBytes(rows, size) + 2 * TileBytes(rows, rows) + rows * sizeof(float);
        return new(BlocksWithPadding(batch), TileThreads(rows), bytes, heads);
    }

    /// <summary>
    /// Returns a block per 64 rows of a sentence and head. Shared memory: four tiles, and two floats per row.
    /// </summary>
    static LaunchConfig LongTileConfig(PackedBatch batch, int heads, int size)
    {
        int bytes = 4 * TileBytes(TileRows, size) + 2 * TileRows * sizeof(float);
        int tilesPerSentence = CeilingDivide(batch.LongestSentence, TileRows);
        return new(batch.Sentences, TileThreads(TileRows), bytes, heads, tilesPerSentence);
    }

    static int TileThreads(int rows) => rows / RowsPerWarp * 32;

    static int TileBytes(int rows, int columns) => rows * (columns + TilePadding) * sizeof(ushort);

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
