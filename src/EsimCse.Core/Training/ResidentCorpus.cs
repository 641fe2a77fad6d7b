using System.Runtime.InteropServices;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;

namespace EsimCse.Core.Training;

/// <summary>
/// A corpus in device memory, where a kernel packs the batches: the host sends nothing in a step. It draws only what
/// sizes the buffers: the lengths of the positives, and the number of masked tokens.
/// </summary>
sealed class ResidentCorpus : IBatchSource
{
    const int UploadTokens = 1 << 20;

    readonly IBackend _backend;
    readonly Corpus _corpus;
    readonly PositiveViews _positives;
    readonly TokenMasking? _masking;
    readonly int _batchSize;
    readonly BatchMemory _batch;
    readonly Arena _arena;
    readonly CorpusMemory _memory;
    readonly AugmentationSpec _spec;
    int[] _order = [];

    ResidentCorpus(
        IBackend backend,
        Corpus corpus,
        PositiveViews positives,
        int batchSize,
        TokenMasking? masking,
        int tokens)
    {
        _masking = masking;
        _backend = backend;
        _corpus = corpus;
        _positives = positives;
        _batchSize = batchSize;
        _batch = new BatchMemory(backend);
        _arena = new Arena(backend);
        long numbers = tokens + 3L * corpus.Count + 1 + positives.ContinuesWord.Length + positives.Insertions.Length;
        _arena.Reset(numbers * sizeof(int) + 6 * Arena.Alignment);
        _memory = new(
            Tokens: Allocate(tokens),
            Starts: Allocate(corpus.Count + 1),
            Lines: Allocate(corpus.Count),
            Order: Allocate(corpus.Count));
        _spec = positives.Spec with
        {
            ContinuesWord = AllocateTable(positives.ContinuesWord),
            Insertions = AllocateTable(positives.Insertions),
        };
        UploadCorpus();
    }

    public int Views => 2;

    /// <summary>Copies a corpus to the device; null where it does not fit there, or has several texts a row.</summary>
    public static ResidentCorpus? TryOpen(
        IBackend backend,
        Corpus corpus,
        PositiveViews positives,
        int batchSize,
        TokenMasking? masking = null)
    {
        if (corpus.Columns > 1) return null;
        long tokens = Enumerable.Range(0, corpus.Count).Sum(sentence => (long)corpus[sentence].Ids.Length);
        if (tokens > int.MaxValue) return null;
        try
        {
            return new(backend, corpus, positives, batchSize, masking, (int)tokens);
        }
        catch (DeviceMemoryException)
        {
            return null;
        }
    }

    public void SetEpochOrder(int[] order)
    {
        _order = order;
        _backend.Upload<int>(order, _memory.Order);
    }

    public int CountRows(int step) => _corpus.BatchOfStep(_order, step, _batchSize).Length;

    public Matrix UploadTexts(int step) => default;

    public TrainingBatch Reserve(int step, int first, int count)
    {
        ReadOnlySpan<int> sentences = _corpus.BatchOfStep(_order, step, _batchSize).Slice(first, count);
        int anchorTokens = 0, longestAnchor = 0;
        int positiveTokens = 0, longestPositive = 0;
        int chosen = 0;
        for (int i = 0; i < sentences.Length; i++)
        {
            (int[] ids, uint line) = _corpus[sentences[i]];
            anchorTokens += ids.Length;
            longestAnchor = Math.Max(longestAnchor, ids.Length);
            ReadOnlySpan<int> positive = _positives.Draw(ids, line, (uint)step);
            positiveTokens += positive.Length;
            longestPositive = Math.Max(longestPositive, positive.Length);
            if (_masking is null) continue;
            chosen += _masking.Count(ids, 0, first + i, step) + _masking.Count(positive, 1, first + i, step);
        }
        int tokens = anchorTokens + positiveTokens, longest = Math.Max(longestAnchor, longestPositive);
        PackedBatch views = _batch.Reserve(2 * count, tokens, longest);
        return new(views, count, anchorTokens, longestAnchor)
        {
            Pairs = views,
            MaskedTokens = chosen,
            Masks = _masking,
        };
    }

    public void Pack(StepState state, PackedBatch batch) =>
        _backend.PackViews(_memory, _batchSize, _spec, state, batch);

    public void Dispose()
    {
        _batch.Dispose();
        _arena.Dispose();
    }

    Matrix Allocate(int count) => _arena.Allocate(1, count, ElementType.Int32);

    Matrix AllocateTable(int[] values)
    {
        if (values.Length == 0) return default;
        Matrix table = Allocate(values.Length);
        _backend.Upload<int>(values, table);
        return table;
    }

    /// <summary>Copies the sentences to the device, about <see cref="UploadTokens"/> tokens at a time.</summary>
    void UploadCorpus()
    {
        int[] starts = new int[_corpus.Count + 1], lines = new int[_corpus.Count];
        Matrix tokens = _memory.Tokens.Reshape(_memory.Tokens.Columns, 1);
        List<int> chunk = [];
        for (int sentence = 0, uploaded = 0; sentence < _corpus.Count; sentence++)
        {
            (int[] ids, uint line) = _corpus[sentence];
            chunk.AddRange(ids);
            starts[sentence + 1] = starts[sentence] + ids.Length;
            lines[sentence] = (int)line;
            if (chunk.Count < UploadTokens && sentence < _corpus.Count - 1) continue;
            _backend.Upload<int>(CollectionsMarshal.AsSpan(chunk), tokens.Slice(uploaded, chunk.Count));
            uploaded += chunk.Count;
            chunk.Clear();
        }
        _backend.Upload<int>(starts, _memory.Starts);
        _backend.Upload<int>(lines, _memory.Lines);
    }
}
