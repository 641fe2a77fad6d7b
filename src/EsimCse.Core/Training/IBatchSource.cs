using EsimCse.Core.Backend;
using EsimCse.Core.Model;

namespace EsimCse.Core.Training;

/// <summary>The batches of a run: rows of the corpus in the order of an epoch, with their views.</summary>
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

    /// <summary>Views of a row: 2, or 3 with a hard negative.</summary>
    int Views { get; }

    /// <summary>Sets the order of the rows, from the next batch on.</summary>
    void SetEpochOrder(int[] order);

    /// <summary>Returns the number of rows of a step's batch; steps are counted from 1.</summary>
    int CountRows(int step);

    /// <summary>
    /// Copies numbers of the texts of a step's batch to the device, Int32 [1,VB], equal for equal texts; absent where
    /// equal texts are negatives of each other.
    /// </summary>
    Matrix UploadTexts(int step);

    /// <summary>
    /// Reserves rows of the batch of a step in device memory. They are valid until the next call; their content is
    /// undefined until <see cref="Pack"/> has run.
    /// </summary>
    TrainingBatch Reserve(int step, int first, int count);

    /// <summary>
    /// Packs the reserved rows, from <see cref="StepState.FirstSentence"/> on. This is device work only, part of the
    /// step's graph.
    /// </summary>
    void Pack(StepState state, PackedBatch batch);
}

/// <summary>
/// B rows of a step: all anchors, then the positive of each, then the hard negative of each if there are any.
/// </summary>
/// <param name="Views">All sentences.</param>
/// <param name="Rows">B.</param>
/// <param name="AnchorTokens">Tokens of the anchors together.</param>
/// <param name="LongestAnchor">Tokens of the longest anchor.</param>
readonly record struct TrainingBatch(PackedBatch Views, int Rows, int AnchorTokens, int LongestAnchor)
{
    /// <summary>Anchors and positives: their tokens are those of the masked-language loss.</summary>
    public required PackedBatch Pairs { get; init; }

    /// <summary>The number of tokens chosen for the masked-language loss; 0 without one.</summary>
    public int MaskedTokens { get; init; }

    /// <summary>The source that chooses them; null without a masked-language loss.</summary>
    public IMaskSource? Masks { get; init; }

    /// <summary>Returns the source of masked tokens.</summary>
    /// <exception cref="InvalidOperationException">The batch has none.</exception>
    public IMaskSource RequireMasks() =>
        Masks ?? throw new InvalidOperationException("a step with a masked-language loss needs a source of masks");

    /// <summary>Packs views on the host and copies them to the device; the anchors are the first.</summary>
    public static TrainingBatch Upload(BatchMemory memory, params IReadOnlyList<int[]>[] views)
    {
        IReadOnlyList<int[]> anchors = views[0];
        PackedBatch batch = memory.Upload([.. views.SelectMany(view => view)]);
        int pairTokens = views.Take(2).Sum(view => view.Sum(ids => ids.Length));
        return new(batch, anchors.Count, anchors.Sum(ids => ids.Length), anchors.Max(ids => ids.Length))
        {
            Pairs = batch.First(2 * anchors.Count, memory.Padded(pairTokens)),
        };
    }
}
