using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class PackViewsTests
{
    const int Vocabulary = 50, Mask = 4, Positions = 48, BatchSize = 5;
    const double Rate = 0.32;
    const ulong Seed = 0x123456789ABCDEF0;

    static readonly bool[] Continues = [.. Enumerable.Range(0, Vocabulary).Select(id => id % 3 == 0)];
    static readonly int[] Extra = [7, 11, 13];

    /// <summary>Sentences of two specials alone, of one piece, of odd lengths, and of more pieces than two of them fit the positions.</summary>
    static readonly int[][] Corpus = [.. new[] { 0, 1, 2, 3, 5, 8, 13, 26, 31, 33, 38, 40, 24 }.Select((pieces, i) => (int[])[2, .. Enumerable.Range(0, pieces).Select(k => 5 + (7 * k + i) % 45), 3])];

    public static TheoryData<string, Augmentation, bool, bool> Cases
    {
        get
        {
            TheoryData<string, Augmentation, bool, bool> cases = [];
            foreach (string device in Backends.Names)
                foreach (Augmentation kind in Enum.GetValues<Augmentation>())
                    foreach (bool paper in new[] { false, true }) cases.Add(device, kind, paper, kind is Augmentation.Word);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_batch_is_its_sentences_and_their_second_views(string device, Augmentation kind, bool paper, bool eachStep)
    {
        using IBackend backend = Backends.Create(device);
        int[] starts = [0, .. Corpus.Select((_, i) => Corpus[..(i + 1)].Sum(ids => ids.Length))], lines = [.. Corpus.Select((_, i) => 3 * i + 1)], order = [4, 0, 11, 7, 2, 9, 1, 3, 10, 5, 12, 8, 6];
        using GuardedMatrix pieces = new(backend, 1, starts[^1], [.. Corpus.SelectMany(ids => ids)]), gstarts = new(backend, 1, starts.Length, starts), glines = new(backend, 1, lines.Length, lines), gorder = new(backend, 1, order.Length, order);
        using GuardedMatrix continues = new(backend, 1, Vocabulary, [.. Continues.Select(value => value ? 1 : 0)]), extra = new(backend, 1, Extra.Length, Extra), scalars = new(backend, 1, 4, new double[4]);
        RepetitionFormula formula = paper ? RepetitionFormula.Paper : RepetitionFormula.Official;
        RepetitionDraw draw = eachStep ? RepetitionDraw.Step : RepetitionDraw.Once;
        AugmentationSpec draws = new(kind, Rate, formula, draw, Seed, Positions, Mask, continues, extra);
        // The first, the last and smaller one, and one of the second epoch.
        foreach ((int step, int first, int pairs) in new[] { (1, 0, 5), (3, 10, 3), (5, 5, 5) })
        {
            int[] chosen = order[first..(first + pairs)];
            int[][] views = [.. chosen.Select(s => Corpus[s]), .. chosen.Select(s => PackViews.SecondView(kind, Rate, paper, Seed, Positions, Mask, Continues, Extra, Corpus[s], lines[s], eachStep ? step : 0))];
            foreach (int tail in new[] { 0, 1, 150 })
            {
                int tokens = views.Sum(view => view.Length) + tail;
                using GuardedMatrix counters = new(backend, 1, 4, [step, 0, 0, 0]), ids = new(backend, 1, tokens, ElementType.Int32), positions = new(backend, 1, tokens, ElementType.Int32), offsets = new(backend, 1, 2 * pairs + 1, ElementType.Int32);
                backend.PackViews(new(pieces, gstarts, glines, gorder), BatchSize, draws, new StepState(counters, scalars), new(ids, positions, offsets, 2 * pairs, tokens, views.Max(view => view.Length) + tail % 32));
                (int[] expectedIds, int[] expectedPositions, int[] expectedOffsets) = PackViews.Pack(views, tokens);
                Assert.Equal(expectedIds, Integers(backend, ids));
                Assert.Equal(expectedPositions, Integers(backend, positions));
                Assert.Equal(expectedOffsets, Integers(backend, offsets));
            }
        }
    }

    static int[] Integers(IBackend backend, Matrix matrix)
    {
        int[] values = new int[matrix.Count];
        backend.Download(matrix, values.AsSpan());
        return values;
    }
}
