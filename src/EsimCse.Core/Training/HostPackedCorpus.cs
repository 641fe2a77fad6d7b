using EsimCse.Core.Backend;
using EsimCse.Core.Model;

namespace EsimCse.Core.Training;

/// <summary>
/// A corpus in host memory, for one that does not fit on the device or has several texts a row: the host packs each
/// batch and copies it.
/// </summary>
sealed class HostPackedCorpus : IBatchSource
{
    readonly IBackend _backend;
    readonly Corpus _corpus;
    readonly PositiveViews _positives;
    readonly int _batchSize;
    readonly TokenMasking? _masking;
    readonly BatchMemory _memory;
    readonly Arena _texts;
    readonly Matrix _textNumbers;
    int[] _order = [];

    public HostPackedCorpus(
        IBackend backend,
        Corpus corpus,
        PositiveViews positives,
        int batchSize,
        TokenMasking? masking = null)
    {
        _backend = backend;
        _corpus = corpus;
        _positives = positives;
        _batchSize = batchSize;
        _masking = masking;
        _memory = new(backend);
        _texts = new(backend);
        if (corpus.Columns == 1) return;
        int texts = checked(Views * Math.Min(batchSize, corpus.Count));
        _texts.Reset((long)texts * sizeof(int) + Arena.Alignment);
        _textNumbers = _texts.Allocate(1, texts, ElementType.Int32);
    }

    public int Views => Math.Max(2, _corpus.Columns);

    public void SetEpochOrder(int[] order) => _order = order;

    public int CountRows(int step) => Rows(step).Length;

    public Matrix UploadTexts(int step)
    {
        if (!_textNumbers.IsPresent) return default;
        int[] numbers = TextNumbers(Rows(step));
        Matrix target = _textNumbers with { Columns = numbers.Length };
        _backend.Upload<int>(numbers, target);
        return target;
    }

    public TrainingBatch Reserve(int step, int first, int count)
    {
        int[][][] views = [.. Enumerable.Range(0, Views).Select(_ => new int[count][])];
        ReadOnlySpan<int> rows = Rows(step).Slice(first, count);
        for (int i = 0; i < count; i++)
        {
            (int[] anchor, uint line) = _corpus[rows[i]];
            views[0][i] = anchor;
            views[1][i] = _positives.Create(_corpus.Text(rows[i], _corpus.Columns > 1 ? 1 : 0), line, (uint)step);
            if (Views == 3) views[2][i] = _corpus.Text(rows[i], 2);
        }
        int chosen = _masking is null ? 0 : CountChosen(_masking, views[..2], first, step);
        return TrainingBatch.Upload(_memory, views) with { MaskedTokens = chosen, Masks = _masking };
    }

    /// <summary>Does nothing: the batch is packed when it is reserved.</summary>
    public void Pack(StepState state, PackedBatch batch)
    {
    }

    public void Dispose()
    {
        _memory.Dispose();
        _texts.Dispose();
    }

    static int CountChosen(TokenMasking masking, int[][][] views, int first, int step)
    {
        int chosen = 0;
        for (int view = 0; view < views.Length; view++)
            for (int i = 0; i < views[view].Length; i++)
                chosen += masking.Count(views[view][i], view, first + i, step);
        return chosen;
    }

    ReadOnlySpan<int> Rows(int step) => _corpus.BatchOfStep(_order, step, _batchSize);

    /// <summary>Returns a number for each text of the rows, view by view, as they are in the corpus.</summary>
    int[] TextNumbers(ReadOnlySpan<int> rows)
    {
        Dictionary<int[], int> numbers = new(TokenSequence.Comparer);
        int[] texts = new int[Views * rows.Length];
        for (int i = 0; i < texts.Length; i++)
        {
            int[] ids = _corpus.Text(rows[i % rows.Length], i / rows.Length);
            texts[i] = numbers.TryGetValue(ids, out int known) ? known : numbers[ids] = numbers.Count;
        }
        return texts;
    }
}
