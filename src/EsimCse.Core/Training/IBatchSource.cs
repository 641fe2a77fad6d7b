using EsimCse.Core.Backend;
using EsimCse.Core.Model;

namespace EsimCse.Core.Training;

/// <summary>The batches of a run: anchors in the order of an epoch, with their positives.</summary>
interface IBatchSource : IDisposable
{
    /// <summary>Opens a corpus on the device, or where it does not fit there, in host memory.</summary>
    static IBatchSource Open(
        IBackend backend,
        Corpus corpus,
        PositiveViews positives,
        int batchSize,
        TokenMasking? masking = null) =>
        ResidentCorpus.TryOpen(backend, corpus, positives, batchSize, masking)
            ?? (IBatchSource)new HostPackedCorpus(backend, corpus, positives, batchSize, masking);

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
    /// <summary>The number of tokens chosen for the masked-language loss; 0 without one.</summary>
    public int MaskedTokens { get; init; }

    /// <summary>The source that chooses them; null without a masked-language loss.</summary>
    public IMaskSource? Masks { get; init; }

    /// <summary>Returns the source of masked tokens.</summary>
    /// <exception cref="InvalidOperationException">The batch has none.</exception>
    public IMaskSource RequireMasks() =>
        Masks ?? throw new InvalidOperationException("a step with a masked-language loss needs a source of masks");

    /// <summary>Packs a batch on the host and copies it to the device.</summary>
    public static TrainingBatch Upload(BatchMemory memory, IReadOnlyList<int[]> anchors, IReadOnlyList<int[]> positives)
    {
        PackedBatch views = memory.Upload([.. anchors, .. positives]);
        return new(views, anchors.Sum(ids => ids.Length), anchors.Max(ids => ids.Length));
    }
}
