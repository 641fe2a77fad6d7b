using EsimCse.Core.Backend;
using EsimCse.Core.Text;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Training;

/// <summary>Every kind of augmentation, against its definition in words.</summary>
public sealed class PositiveViewTests : IDisposable
{
    const int Cls = 2, Sep = 3, Mask = 4, FirstOrdinary = 5, OrdinaryCount = 15, Lines = 6000;

    /// <summary>
    /// The tolerance of a share of <see cref="Lines"/> draws: five times its standard deviation of 0.6 %.
    /// </summary>
    const double ShareTolerance = 0.03;

    readonly SmallModel _small = new();
    readonly BertTokenizer _tokenizer;

    public PositiveViewTests() => _tokenizer = BertTokenizer.Load(_small.Folder);

    public void Dispose() => _small.Dispose();

    PositiveViews Create(Augmentation augmentation, bool paper = true, double rate = 0.32)
    {
        TrainingOptions options = new()
        {
            Repetition = augmentation,
            RepetitionFormula = paper ? RepetitionFormula.Paper : RepetitionFormula.Official,
            RepetitionRate = rate,
        };
        return new(options, _tokenizer, maxPositions: 100);
    }

    /// <summary>Returns [CLS], n different tokens, none of which continues a word, and [SEP].</summary>
    static int[] Sentence(int n)
    {
        int[] tokens = [5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 18, 19];
        return [Cls, .. tokens[..n], Sep];
    }

    /// <summary>Returns the positions in the sentence of the tokens that its positive repeats.</summary>
    static List<int> Repeated(int[] ids, int[] view)
    {
        List<int> positions = [];
        int at = 0;
        for (int i = 0; i < ids.Length; i++, at++)
        {
            Assert.Equal(ids[i], view[at]);
            if (at + 1 < view.Length && view[at + 1] == ids[i])
            {
                positions.Add(i);
                at++;
            }
        }
        Assert.Equal(view.Length, at);
        return positions;
    }

    [Theory]
    [InlineData(true, 1, 1)]    // max(2, 0) = 2, capped at the one token
    [InlineData(true, 2, 2)]
    [InlineData(true, 6, 2)]
    [InlineData(true, 14, 4)]
    [InlineData(false, 1, 0)]   // ⌊0.32 · 3⌋ = 0
    [InlineData(false, 2, 0)]   // ⌊0.32 · 4⌋ = 1: uniform on 0 … 0
    [InlineData(false, 5, 1)]
    [InlineData(false, 14, 4)]
    public void Number_and_positions_of_repeated_tokens_are_uniform(bool paper, int n, int most)
    {
        PositiveViews views = Create(Augmentation.Subword, paper);
        int[] ids = Sentence(n);
        int[] counts = new int[n + 1], positions = new int[n + 2];
        for (uint line = 0; line < Lines; line++)
        {
            List<int> repeated = Repeated(ids, views.Create(ids, line, 0));
            counts[repeated.Count]++;
            foreach (int position in repeated) positions[position]++;
        }
        Assert.All(counts[(most + 1)..], count => Assert.Equal(0, count));
        double[] expected = [.. Enumerable.Repeat(1.0 / (most + 1), most + 1)];
        // With one token the draws 1 and 2 both mean 1.
        if (paper && n == 1) expected = [1.0 / 3, 2.0 / 3];
        for (int count = 0; count <= most; count++)
            Assert.Equal(expected[count], counts[count] / (double)Lines, ShareTolerance);
        Assert.Equal(0, positions[0] + positions[^1]);
        int all = positions.Sum();
        if (all == 0) return;
        Assert.All(positions[1..^1], count => Assert.Equal(1.0 / n, count / (double)all, ShareTolerance));
    }

    [Fact]
    public void The_official_formula_repeats_at_most_nine_tokens()
    {
        PositiveViews views = Create(Augmentation.Subword, paper: false, rate: 1);
        int[] ids = Sentence(14);
        IEnumerable<uint> lines = Enumerable.Range(0, Lines).Select(line => (uint)line);
        int[] counts = [.. lines.Select(line => Repeated(ids, views.Create(ids, line, 0)).Count)];
        Assert.Equal((0, 9), (counts.Min(), counts.Max()));
    }

    [Fact]
    public void A_word_is_repeated_with_all_its_tokens()
    {
        // cat ##s dog ##s ##s: two words.
        int[] ids = [Cls, 7, 12, 8, 12, 12, Sep];
        PositiveViews views = Create(Augmentation.Word);
        HashSet<string> found = [];
        for (uint line = 0; line < 200; line++) found.Add(string.Join(' ', views.Create(ids, line, 0)));
        HashSet<string> expected =
        [
            "2 7 12 8 12 12 3",
            "2 7 12 7 12 8 12 12 3",
            "2 7 12 8 12 12 8 12 12 3",
            "2 7 12 7 12 8 12 12 8 12 12 3",
        ];
        Assert.Equal(expected, found);
    }

    [Theory]
    [InlineData(Augmentation.Insert)]
    [InlineData(Augmentation.Mask)]
    [InlineData(Augmentation.Stopword)]
    public void Inserted_tokens_are_of_their_kind_and_all_occur(Augmentation augmentation)
    {
        PositiveViews views = Create(augmentation);
        int[] ids = Sentence(14);
        HashSet<int> inserted = [];
        for (uint line = 0; line < Lines; line++)
        {
            int[] view = views.Create(ids, line, 0);
            Assert.InRange(view.Length - ids.Length, 0, 4);
            List<int> rest = [.. view];
            foreach (int id in ids) Assert.True(rest.Remove(id));
            inserted.UnionWith(rest);
            Assert.Equal((Cls, Sep), (view[0], view[^1]));
        }
        IEnumerable<int> expected = augmentation switch
        {
            Augmentation.Mask => [Mask],
            Augmentation.Stopword => new[] { "the", "a", "in" }.Select(IdOf),
            _ => Enumerable.Range(FirstOrdinary, OrdinaryCount),
        };
        Assert.Equal(expected.Order(), inserted.Order());
    }

    [Fact]
    public void Deletion_keeps_the_order_and_at_least_one_token()
    {
        PositiveViews views = Create(Augmentation.Delete);
        for (uint line = 0; line < 500; line++)
        {
            Assert.Equal([Cls, 5, Sep], views.Create(Sentence(1), line, 0));
            Assert.InRange(views.Create(Sentence(2), line, 0).Length, 3, 4);
            int[] ids = Sentence(14), view = views.Create(ids, line, 0);
            Assert.InRange(ids.Length - view.Length, 0, 4);
            Assert.Equal(view, ids.Where(view.Contains));
        }
    }

    [Fact]
    public void Without_augmentation_or_tokens_the_positive_is_the_sentence()
    {
        int[] ids = Sentence(9);
        Assert.Equal(ids, Create(Augmentation.None, paper: false).Create(ids, 1, 1));
        foreach (Augmentation augmentation in Enum.GetValues<Augmentation>())
            Assert.Equal([Cls, Sep], Create(augmentation).Create([Cls, Sep], 1, 1));
    }

    [Fact]
    public void Special_tokens_are_not_inserted_even_if_the_tokenizer_lists_none()
    {
        string[] vocabulary = File.ReadAllLines(_small.In("vocab.txt"));
        IEnumerable<string> entries = vocabulary.Select((token, id) => $"\"{token}\": {id}");
        string model = $"{{\"type\": \"WordPiece\", \"vocab\": {{{string.Join(", ", entries)}}}}}";
        string json = $"{{\"normalizer\": {{\"type\": \"BertNormalizer\"}}, \"model\": {model}}}";
        File.WriteAllText(_small.In("tokenizer.json"), json);
        int[] insertions = PositiveView.Insertions(Augmentation.Insert, BertTokenizer.Load(_small.Folder));
        Assert.Equal(Enumerable.Range(FirstOrdinary, OrdinaryCount), insertions);
    }

    int IdOf(string token)
    {
        Assert.True(_tokenizer.TryGetId(token, out int id), token);
        return id;
    }
}
