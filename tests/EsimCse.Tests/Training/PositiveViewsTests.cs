using EsimCse.Core.Backend;
using EsimCse.Core.Text;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Training;

/// <summary>Every kind of second view, against the words of its definition.</summary>
public sealed class PositiveViewsTests : IDisposable
{
    const int Cls = 2, Sep = 3, Mask = 4, FirstPiece = 5, Lines = 6000;

    /// <summary>Shares of that many draws stray by about 0.6 %; five times that.</summary>
    const double Share = 0.03;

    readonly SmallModel _small = new();
    readonly BertTokenizer _tokenizer;

    public PositiveViewsTests() => _tokenizer = BertTokenizer.Load(_small.Folder);

    public void Dispose() => _small.Dispose();

    static TrainingOptions Options(Augmentation kind, bool paper = false) => new() { Repetition = kind, RepetitionFormula = paper ? RepetitionFormula.Paper : RepetitionFormula.Official, RepetitionRate = 0.32 };

    /// <summary>[CLS], n different pieces (the vocabulary's, none of them a continuation), [SEP].</summary>
    static int[] Sentence(int n) => [Cls, .. Enumerable.Range(0, n).Select(i => new[] { 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 18, 19 }[i]), Sep];

    PositiveViews Create(TrainingOptions options, int positions = 100) => new(options, _tokenizer, positions);

    /// <summary>Which pieces stand twice: the places, in the original, of those followed by themselves.</summary>
    static List<int> Repeated(int[] ids, int[] view)
    {
        List<int> places = [];
        int at = 0;
        for (int i = 0; i < ids.Length; i++, at++)
        {
            Assert.Equal(ids[i], view[at]);
            if (at + 1 < view.Length && view[at + 1] == ids[i])
            {
                places.Add(i);
                at++;
            }
        }
        Assert.Equal(view.Length, at);
        return places;
    }

    [Theory]
    [InlineData(true, 1, 1)]    // max(2, 0) = 2, capped at the one piece
    [InlineData(true, 2, 2)]
    [InlineData(true, 6, 2)]
    [InlineData(true, 14, 4)]
    [InlineData(false, 1, 0)]   // ⌊0.32 · 3⌋ = 0
    [InlineData(false, 2, 0)]   // ⌊0.32 · 4⌋ = 1: uniform on 0 … 0
    [InlineData(false, 5, 1)]
    [InlineData(false, 14, 4)]
    public void As_many_pieces_as_the_formula_says_stand_twice(bool paper, int n, int most)
    {
        PositiveViews repetition = Create(Options(Augmentation.Subword, paper));
        int[] ids = Sentence(n), counts = new int[n + 1], places = new int[n + 2];
        for (uint line = 0; line < Lines; line++)
        {
            List<int> repeated = Repeated(ids, repetition.Create(ids, line, 0));
            counts[repeated.Count]++;
            foreach (int place in repeated) places[place]++;
        }
        Assert.All(counts[(most + 1)..], count => Assert.Equal(0, count));
        // With one piece the two draws 1 and 2 both mean 1.
        double[] expected = paper && n == 1 ? [1.0 / 3, 2.0 / 3] : [.. Enumerable.Repeat(1.0 / (most + 1), most + 1)];
        for (int count = 0; count <= most; count++) Assert.Equal(expected[count], counts[count] / (double)Lines, Share);
        Assert.Equal(0, places[0] + places[^1]);
        int all = places.Sum();
        if (all > 0) Assert.All(places[1..^1], place => Assert.Equal(1.0 / n, place / (double)all, Share));
    }

    [Fact]
    public void The_published_formula_never_repeats_more_than_nine()
    {
        PositiveViews repetition = Create(Options(Augmentation.Subword) with { RepetitionRate = 1 });
        int[] ids = Sentence(14);
        int[] counts = [.. Enumerable.Range(0, Lines).Select(line => Repeated(ids, repetition.Create(ids, (uint)line, 0)).Count)];
        Assert.Equal((0, 9), (counts.Min(), counts.Max()));
    }

    [Fact]
    public void A_word_is_repeated_with_all_its_pieces()
    {
        // cat ##s dog ##s ##s: two words.
        int[] ids = [Cls, 7, 12, 8, 12, 12, Sep];
        PositiveViews repetition = Create(Options(Augmentation.Word, paper: true));
        HashSet<string> views = [.. Enumerable.Range(0, 200).Select(line => string.Join(' ', repetition.Create(ids, (uint)line, 0)))];
        Assert.Equal(new HashSet<string> { "2 7 12 8 12 12 3", "2 7 12 7 12 8 12 12 3", "2 7 12 8 12 12 8 12 12 3", "2 7 12 7 12 8 12 12 8 12 12 3" }, views);
    }

    [Theory]
    [InlineData(Augmentation.Insert)]
    [InlineData(Augmentation.Mask)]
    [InlineData(Augmentation.Stopword)]
    public void What_is_put_in_is_of_its_kind(Augmentation kind)
    {
        PositiveViews repetition = Create(Options(kind, paper: true));
        int[] ids = Sentence(14);
        int[] stopWords = [.. new[] { "the", "a", "in" }.Select(word => _tokenizer.TryGetId(word, out int id) ? id : -1)];
        HashSet<int> added = [];
        for (uint line = 0; line < Lines; line++)
        {
            int[] view = repetition.Create(ids, line, 0);
            Assert.InRange(view.Length - ids.Length, 0, 4);
            List<int> rest = [.. view];
            foreach (int id in ids) Assert.True(rest.Remove(id));
            added.UnionWith(rest);
            Assert.Equal((Cls, Sep), (view[0], view[^1]));
        }
        IEnumerable<int> expected = kind switch { Augmentation.Mask => [Mask], Augmentation.Stopword => stopWords, _ => Enumerable.Range(FirstPiece, 15) };
        Assert.Equal(expected.Order(), added.Order());
    }

    [Fact]
    public void Deleting_leaves_the_rest_in_order_and_at_least_one()
    {
        PositiveViews repetition = Create(Options(Augmentation.Delete, paper: true));
        for (uint line = 0; line < 500; line++)
        {
            Assert.Equal([Cls, 5, Sep], repetition.Create(Sentence(1), line, 0));
            Assert.Equal(3, Math.Min(3, repetition.Create(Sentence(2), line, 0).Length));
            int[] ids = Sentence(14), view = repetition.Create(ids, line, 0);
            Assert.InRange(ids.Length - view.Length, 0, 4);
            Assert.Equal(view, ids.Where(view.Contains));
        }
    }

    [Fact]
    public void Without_repetition_or_pieces_the_view_is_the_sentence()
    {
        int[] ids = Sentence(9);
        Assert.Equal(ids, Create(Options(Augmentation.None)).Create(ids, 1, 1));
        foreach (Augmentation kind in Enum.GetValues<Augmentation>()) Assert.Equal([Cls, Sep], Create(Options(kind, paper: true)).Create([Cls, Sep], 1, 1));
    }

    [Fact]
    public void Pieces_past_the_models_positions_are_dropped_and_counted()
    {
        PositiveViews repetition = Create(Options(Augmentation.Subword, paper: true), positions: 12), roomy = Create(Options(Augmentation.Subword, paper: true));
        int[] ids = Sentence(10);
        long dropped = 0;
        for (uint line = 0; line < 300; line++)
        {
            int[] view = repetition.Create(ids, line, 0), whole = roomy.Create(ids, line, 0);
            Assert.Equal([.. whole[..Math.Min(11, whole.Length - 1)], Sep], view);
            dropped += whole.Length - view.Length;
        }
        Assert.True(dropped > 0);
        Assert.Equal(dropped, repetition.Dropped);
    }

    [Fact]
    public void Once_is_once_and_each_step_is_each_step()
    {
        int[] ids = Sentence(14);
        PositiveViews once = Create(Options(Augmentation.Subword)), step = Create(Options(Augmentation.Subword) with { RepetitionDraw = RepetitionDraw.Step });
        Assert.Single(Enumerable.Range(0, 50).Select(k => string.Join(' ', once.Create(ids, 7, (uint)k))).Distinct());
        Assert.True(Enumerable.Range(0, 50).Select(k => string.Join(' ', step.Create(ids, 7, (uint)k))).Distinct().Count() > 10);
        Assert.NotEqual(Enumerable.Range(0, 50).Select(k => Create(Options(Augmentation.Subword) with { Seed = 43 }).Create(ids, (uint)k, 0).Length),
            Enumerable.Range(0, 50).Select(k => once.Create(ids, (uint)k, 0).Length));
    }

    [Fact]
    public void What_is_put_in_is_no_special_though_the_tokenizer_does_not_say_which_are()
    {
        string vocabulary = string.Join(", ", File.ReadLines(_small.In("vocab.txt")).Select((piece, id) => $"\"{piece}\": {id}"));
        File.WriteAllText(_small.In("tokenizer.json"), $"{{\"normalizer\": {{\"type\": \"BertNormalizer\"}}, \"model\": {{\"type\": \"WordPiece\", \"vocab\": {{{vocabulary}}}}}}}");
        PositiveViews repetition = new(Options(Augmentation.Insert), BertTokenizer.Load(_small.Folder), 100);
        Assert.Equal(Enumerable.Range(FirstPiece, 15), repetition.Insertions);
    }
}
