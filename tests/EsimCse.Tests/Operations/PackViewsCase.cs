using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

/// <summary>A corpus on a device, from which batches of anchors and positive views are packed.</summary>
sealed class PackViewsCase : OperationCase
{
    const int BatchSize = 5;
    const int Vocabulary = 50;
    const int MaxPositions = 42;

    static readonly bool[] ContinuesWord = [.. Enumerable.Range(0, Vocabulary).Select(id => id % 3 == 0)];
    static readonly int[] Insertions = [7, 11, 13];
    static readonly int[] Order = [4, 0, 11, 7, 2, 9, 1, 3, 10, 5, 12, 8, 6];

    // [CLS] and [SEP] only, one token, odd lengths, more tokens than fit into MaxPositions when repeated
    static readonly int[] TokenCounts = [0, 1, 2, 3, 5, 8, 13, 26, 31, 33, 38, 40, 24];

    static readonly int[][] Sentences = [.. TokenCounts.Select(Sentence)];
    static readonly int[] Lines = [.. Sentences.Select((_, i) => 3 * i + 1)];

    readonly PackViews.Spec _spec;
    readonly AugmentationSpec _deviceSpec;
    readonly RepetitionDraw _draw;
    readonly CorpusMemory _corpus;

    public PackViewsCase(IBackend backend, Augmentation kind, RepetitionFormula formula, RepetitionDraw draw)
        : base(backend)
    {
        _draw = draw;
        _spec = new(kind, 0.32, formula, 0x123456789ABCDEF0, MaxPositions, 4, ContinuesWord, Insertions);
        _deviceSpec = new(
            kind, _spec.Rate, formula, draw, _spec.Seed, _spec.MaxPositions, _spec.MaskId,
            Row([.. ContinuesWord.Select(value => value ? 1 : 0)]), Row(Insertions));
        int[] starts = [0, .. Sentences.Select((_, i) => Sentences[..(i + 1)].Sum(ids => ids.Length))];
        _corpus = new(Row([.. Sentences.SelectMany(ids => ids)]), Row(starts), Row(Lines), Row(Order));
    }

    /// <summary>Returns the anchors of a step's sentences and the reference's positive views.</summary>
    public int[][] ExpectedViews(int step, int first, int pairs)
    {
        int[] sentences = Order[first..(first + pairs)];
        int drawStep = _draw == RepetitionDraw.Step ? step : 0;
        return
        [
            .. sentences.Select(s => Sentences[s]),
            .. sentences.Select(s => PackViews.PositiveView(_spec, Sentences[s], Lines[s], drawStep)),
        ];
    }

    /// <summary>Checks a step's batch, packed with `padding` rows that belong to no sentence.</summary>
    public void CheckPacked(int step, int[][] views, int padding)
    {
        int rows = views.Sum(view => view.Length) + padding;
        int longest = views.Max(view => view.Length) + padding % 32;
        using TrainingState state = new(_backend, counters: [step, 0, 0, 0, 0]);
        using GuardedMatrix ids = new(_backend, 1, rows, ElementType.Int32);
        using GuardedMatrix positions = new(_backend, 1, rows, ElementType.Int32);
        using GuardedMatrix offsets = new(_backend, 1, views.Length + 1, ElementType.Int32);
        PackedBatch batch = new(ids, positions, offsets, views.Length, rows, longest);
        _backend.PackViews(_corpus, BatchSize, _deviceSpec, state, batch);

        (int[] expectedIds, int[] expectedPositions, int[] expectedOffsets) = PackViews.Pack(views, rows);
        Assert.Equal(expectedIds, ids.Integers);
        Assert.Equal(expectedPositions, positions.Integers);
        Assert.Equal(expectedOffsets, offsets.Integers);
    }

    static int[] Sentence(int tokens, int index) =>
        [2, .. Enumerable.Range(0, tokens).Select(k => 5 + (7 * k + index) % 45), 3];

    GuardedMatrix Row(int[] values) => Filled(1, values.Length, values);
}
