using EsimCse.Core.Backend;
using EsimCse.Core.Model;

namespace EsimCse.Core.Training;

/// <summary>The batches of a run: anchors in the order of an epoch, with their positives.</summary>
interface IBatchSource : IDisposable
{
    /// <summary>Opens a corpus on the device, or where it does not fit there, in host memory.</summary>
    static IBatchSource Open(IBackend backend, Corpus corpus, PositiveViews positives, int batchSize) =>
        ResidentCorpus.TryOpen(backend, corpus, positives, batchSize)
            ?? (IBatchSource)new HostPackedCorpus(backend, corpus, positives, batchSize);

    /// <summary>Sets the order of the sentences, from the next batch on.</summary>
    void SetEpochOrder(int[] order);

    /// <summary>
    /// Reserves the batch of a step, counted from 1, in device memory. It is valid until the next call; its content is
    /// undefined until <see cref="Pack"/> has run.
    /// </summary>
    TrainingBatch Reserve(int step);

    /// <summary>Packs the reserved batch. This is device work only, part of the step's graph.</summary>
    void Pack(StepState state, PackedBatch batch);
}

/// <summary>The batch of a step: B anchors, then the positive of each.</summary>
/// <param name="Views">All 2B sentences.</param>
/// <param name="AnchorTokens">Tokens of the anchors together.</param>
/// <param name="LongestAnchor">Tokens of the longest anchor.</param>
readonly record struct TrainingBatch(PackedBatch Views, int AnchorTokens, int LongestAnchor)
{
    /// <summary>Packs a batch on the host and copies it to the device.</summary>
    public static TrainingBatch Upload(BatchMemory memory, IReadOnlyList<int[]> anchors, IReadOnlyList<int[]> positives)
    {
        PackedBatch views = memory.Upload([.. anchors, .. positives]);
        return new(views, anchors.Sum(ids => ids.Length), anchors.Max(ids => ids.Length));
    }
}
