using EsimCse.Core.Backend;
using EsimCse.Cuda.Kernels;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    // Words and positions; embedding.cu's ChunkTokens and sizeof(SortedToken).
    const int SortedTables = 2;
    const int ChunkTokens = 32;
    const int SortedTokenBytes = 16;

    /// <inheritdoc/>
    public void EmbeddingForward(PackedBatch batch, Matrix words, Matrix positions, Matrix types, Matrix sum) =>
        Launch(
            "embedding_forward" + Suffix(sum), PerRow(batch.Tokens), batch.Ids, batch.Positions,
            words, positions, types, sum, sum.Columns);

    /// <inheritdoc/>
    public void EmbeddingBackward(
        Matrix dsum, PackedBatch batch, Matrix dwords, Matrix dpositions, Matrix dtypes, Matrix touched)
    {
        int tokens = batch.Tokens;
        int columns = dsum.Columns;
        int windows = CeilingDivide(tokens, ChunkTokens);
        long sortedBytes = (long)SortedTables * tokens * SortedTokenBytes;
        long slots = (long)SortedTables * 2 * windows;
        nint sorted = Scratch(sortedBytes + slots * columns * sizeof(float));
        nint partials = sorted + (nint)sortedBytes;

        LaunchConfig perTile = new(windows, 256, BlocksY: SortedTables);
        LaunchConfig perToken = PerRow(tokens) with { BlocksY = SortedTables };
        LaunchConfig perWindow = PerRow(windows) with { BlocksY = SortedTables };
        Launch("embedding_order", perTile, batch.Ids, batch.Positions, sorted, touched, tokens);
        Launch(
            "embedding_scatter" + Suffix(dsum), perToken, dsum, sorted, dwords, dpositions, partials, tokens, columns);
        Launch("embedding_join", perWindow, sorted, partials, dwords, dpositions, tokens, columns);
        AddColumnSums(dsum, dtypes.Slice(0, 1));
    }
}
