namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <inheritdoc/>
    public void EmbeddingForward(PackedBatch batch, Matrix words, Matrix positions, Matrix types, Matrix sum) =>
        Launch("embedding_forward" + Suffix(sum), PerRow(batch.Tokens), batch.Ids, batch.Positions, words, positions, types, sum, sum.Columns);

    /// <inheritdoc/>
    public void EmbeddingBackward(Matrix dsum, PackedBatch batch, Matrix dwords, Matrix dpositions, Matrix dtypes)
    {
        int tokens = batch.Tokens, parts = Parts(tokens), columns = dsum.Columns;
        nint order = Scratch((long)tokens * sizeof(int) + (long)parts * columns * sizeof(float)), partials = order + tokens * sizeof(int);
        foreach ((Matrix rows, Matrix table) in stackalloc[] { (batch.Ids, dwords), (batch.Positions, dpositions) })
        {
            Launch("embedding_order", new((tokens + 127) / 128, 128), rows, order, tokens);
            Launch("embedding_scatter" + Suffix(dsum), PerRow(tokens), dsum, rows, order, table, tokens, columns);
        }
        Launch("embedding_sums" + Suffix(dsum), PerColumn(columns, parts), dsum, partials, tokens, columns);
        Launch("embedding_reduce", PerColumn(columns, Math.Min(1, parts)), partials, dtypes, parts, columns);
    }
}
