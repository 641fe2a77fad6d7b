using EsimCse.Core.Backend;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <inheritdoc/>
    public void PackViews(CorpusMemory corpus, int batchSize, AugmentationSpec draws, StepState state, PackedBatch batch)
    {
        int pairs = batch.Sentences / 2, sentences = corpus.Order.Columns, longest = batch.LongestSentence;
        nint lengths = Scratch((1L + longest) * pairs * sizeof(int)), views = lengths + pairs * sizeof(int);
        Launch("packviews_draw", new(pairs, 32, (3 * longest + 1) * sizeof(int)), corpus.Tokens, corpus.Starts, corpus.Lines, corpus.Order, state, sentences, batchSize, longest,
            (int)draws.Augmentation, draws.Rate, (int)draws.Formula, (int)draws.Draw, (uint)draws.Seed, (uint)(draws.Seed >> 32), draws.MaxPositions, draws.MaskId,
            draws.ContinuesWord, draws.Insertions, draws.Insertions.Columns, views, lengths);
        Launch("packviews_pack", new(2 * pairs + 1, 128), corpus.Tokens, corpus.Starts, corpus.Order, state, sentences, batchSize, longest, views, lengths,
            batch.Ids, batch.Positions, batch.Offsets, batch.Tokens);
    }
}
