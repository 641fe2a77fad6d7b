using EsimCse.Core.Backend;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    const int ChunkTokens = 32, SortedBytes = 16, Tables = 2;

    /// <inheritdoc/>
    public void EmbeddingForward(PackedBatch batch, Matrix words, Matrix positions, Matrix types, Matrix sum) =>
        Launch("embedding_forward" + Suffix(sum), PerRow(batch.Tokens), batch.Ids, batch.Positions, words, positions, types, sum, sum.Columns);

    /// <inheritdoc/>
    public void EmbeddingBackward(Matrix dsum, PackedBatch batch, Matrix dwords, Matrix dpositions, Matrix dtypes)
    {
        int tokens = batch.Tokens, columns = dsum.Columns, windows = (tokens + ChunkTokens - 1) / ChunkTokens;
        long sortedBytes = (long)Tables * SortedBytes * tokens, slots = (long)Tables * 2 * windows;
        nint sorted = Scratch(sortedBytes + slots * columns * sizeof(float)), partials = sorted + (nint)sortedBytes;
        Launch("embedding_order", new(windows, 256, BlocksY: Tables), batch.Ids, batch.Positions, sorted, tokens);
        Launch("embedding_scatter" + Suffix(dsum), PerRow(tokens) with { BlocksY = Tables }, dsum, sorted, dwords, dpositions, partials, tokens, columns);
        Launch("embedding_join", PerRow(windows) with { BlocksY = Tables }, sorted, partials, dwords, dpositions, tokens, columns);
        AddColumnSums(dsum, dtypes.Slice(0, 1));
    }
}
