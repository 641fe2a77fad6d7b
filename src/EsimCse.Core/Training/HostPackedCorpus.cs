using EsimCse.Core.Backend;
using EsimCse.Core.Model;

namespace EsimCse.Core.Training;

/// <summary>
/// A corpus in host memory, for one that does not fit on the device: the host packs each batch and copies it.
/// </summary>
sealed class HostPackedCorpus(
    IBackend backend,
    Corpus corpus,
    PositiveViews positives,
    int batchSize,
    TokenMasking? masking = null) : IBatchSource
{
    readonly BatchMemory _memory = new(backend);
    int[] _order = [];

    public void SetEpochOrder(int[] order) => _order = order;

    public TrainingBatch Reserve(int step)
    {
        ReadOnlySpan<int> sentences = corpus.BatchOfStep(_order, step, batchSize);
        int[][] anchors = new int[sentences.Length][], views = new int[sentences.Length][];
        int chosen = 0;
        for (int i = 0; i < sentences.Length; i++)
        {
            (int[] ids, uint line) = corpus[sentences[i]];
            anchors[i] = ids;
            views[i] = positives.Create(ids, line, (uint)step);
            if (masking is not null) chosen += masking.Count(ids, 0, i, step) + masking.Count(views[i], 1, i, step);
        }
        return TrainingBatch.Upload(_memory, anchors, views) with { MaskedTokens = chosen, Masks = masking };
    }

    /// <summary>Does nothing: the batch is packed when it is reserved.</summary>
    public void Pack(StepState state, PackedBatch batch)
    {
    }

    public void Dispose() => _memory.Dispose();
}
