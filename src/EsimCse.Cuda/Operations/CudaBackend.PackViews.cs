using EsimCse.Core.Backend;
using EsimCse.Cuda.Kernels;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <inheritdoc/>
    public void PackViews(
        CorpusMemory corpus, int batchSize, AugmentationSpec draws, StepState state, PackedBatch batch)
    {
        int pairs = batch.Sentences / 2;
        int longest = batch.LongestSentence;
        nint lengths = Scratch((1L + longest) * pairs * sizeof(int));
        nint views = lengths + pairs * sizeof(int);

        LaunchConfig warpPerPair = new(pairs, 32, SharedBytes: (3 * longest + 1) * sizeof(int));
        Launch("packviews_draw", warpPerPair, corpus, state, batchSize, longest, draws, views, lengths);

        LaunchConfig blockPerViewAndPadding = new(2 * pairs + 1, 128);
        Launch(
            "packviews_pack", blockPerViewAndPadding, corpus, state, batchSize, longest, views, lengths,
            batch.Ids, batch.Positions, batch.Offsets, batch.Tokens);
    }
}
