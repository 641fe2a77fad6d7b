using System.Runtime.InteropServices;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;

namespace EsimCse.Core.Training;

/// <summary>The batch of a step: both views, and what the originals, its first half, take.</summary>
readonly record struct ViewsBatch(PackedBatch Both, int OriginalTokens, int LongestOriginal);

/// <summary>
/// The sentences to train on in device memory, where batches are packed from them: in a step the host sends nothing. It draws the views' lengths alone, for their sum
/// decides how many rows the batch has.
/// </summary>
sealed class ResidentCorpus : IDisposable
{
    const int PiecesAtOnce = 1 << 20;

    readonly IBackend _backend;
    readonly Corpus _corpus;
    readonly PositiveViews _repetition;
    readonly int _batchSize;
    readonly Arena _arena;
    readonly CorpusMemory _memory;
    readonly AugmentationSpec _draws;
    int[] _order = [];

    ResidentCorpus(IBackend backend, Corpus corpus, PositiveViews repetition, int batchSize, int pieces)
    {
        (_backend, _corpus, _repetition, _batchSize, _arena) = (backend, corpus, repetition, batchSize, new Arena(backend));
        long numbers = pieces + 3L * corpus.Count + 1 + repetition.Continues.Length + repetition.Extra.Length;
        _arena.Reset(numbers * sizeof(int) + 6 * Arena.Alignment);
        _memory = new(SetEpochOrder(pieces), SetEpochOrder(corpus.Count + 1), SetEpochOrder(corpus.Count), SetEpochOrder(corpus.Count));
        _draws = repetition.Draws with { ContinuesWord = Table(repetition.Continues), Insertions = Table(repetition.Extra) };
        Upload();
    }

    /// <summary>The corpus on the device; null where it does not fit there.</summary>
    public static ResidentCorpus? Open(IBackend backend, Corpus corpus, PositiveViews repetition, int batchSize)
    {
        long pieces = Enumerable.Range(0, corpus.Count).Sum(sentence => (long)corpus[sentence].Ids.Length);
        if (pieces > int.MaxValue) return null;
        try
        {
            return new(backend, corpus, repetition, batchSize, (int)pieces);
        }
        catch (DeviceMemoryException)
        {
            return null;
        }
    }

    /// <summary>The order of an epoch, from the next step on.</summary>
    public void SetEpochOrder(int[] order)
    {
        _order = order;
        _backend.Upload<int>(order, _memory.Order);
    }

    /// <summary>Room for the batch of a step, counted from 1.</summary>
    public ViewsBatch Reserve(BatchMemory memory, int step)
    {
        ReadOnlySpan<int> chosen = _corpus.Batch(_order, (step - 1) % _corpus.Batches(_batchSize), _batchSize);
        int originals = 0, longest = 0, tokens = 0, longestView = 0;
        foreach (int sentence in chosen)
        {
            (int[] ids, uint line) = _corpus[sentence];
            int view = _repetition.Length(ids, line, (uint)step);
            (originals, longest) = (originals + ids.Length, Math.Max(longest, ids.Length));
            (tokens, longestView) = (tokens + view, Math.Max(longestView, view));
        }
        return new(memory.Reserve(2 * chosen.Length, originals + tokens, Math.Max(longest, longestView)), originals, longest);
    }

    /// <summary>Packs the batch of the step that the state tells.</summary>
    public void Pack(StepState state, PackedBatch batch) => _backend.PackViews(_memory, _batchSize, _draws, state, batch);

    /// <inheritdoc/>
    public void Dispose() => _arena.Dispose();

    Matrix SetEpochOrder(int count) => _arena.Allocate(1, count, ElementType.Int32);

    Matrix Table(int[] values)
    {
        if (values.Length == 0) return default;
        Matrix table = SetEpochOrder(values.Length);
        _backend.Upload<int>(values, table);
        return table;
    }

    void Upload()
    {
        int[] starts = new int[_corpus.Count + 1], lines = new int[_corpus.Count];
        List<int> pieces = [];
        for (int sentence = 0, sent = 0; sentence < _corpus.Count; sentence++)
        {
            (int[] ids, uint line) = _corpus[sentence];
            pieces.AddRange(ids);
            (starts[sentence + 1], lines[sentence]) = (starts[sentence] + ids.Length, (int)line);
            if (pieces.Count < PiecesAtOnce && sentence < _corpus.Count - 1) continue;
            _backend.Upload<int>(CollectionsMarshal.AsSpan(pieces), _memory.Tokens.Reshape(_memory.Tokens.Columns, 1).Slice(sent, pieces.Count));
            sent += pieces.Count;
            pieces.Clear();
        }
        _backend.Upload<int>(starts, _memory.Starts);
        _backend.Upload<int>(lines, _memory.Lines);
    }
}
