using EsimCse.Core.Backend;
using EsimCse.Core.Text;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Training;

public sealed class PositiveViewsTests : IDisposable
{
    const int Cls = 2, Sep = 3, Draws = 50;

    static readonly int[] Sentence = [Cls, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 18, 19, Sep];

    readonly SmallModel _small = new();
    readonly BertTokenizer _tokenizer;

    public PositiveViewsTests() => _tokenizer = BertTokenizer.Load(_small.Folder);

    public void Dispose() => _small.Dispose();

    PositiveViews Create(TrainingOptions options, int maxPositions = 100) => new(options, _tokenizer, maxPositions);

    [Fact]
    public void Tokens_past_the_models_positions_are_dropped_and_counted()
    {
        TrainingOptions options = new() { RepetitionFormula = RepetitionFormula.Paper };
        PositiveViews limited = Create(options, maxPositions: 12), unlimited = Create(options);
        int[] ids = [.. Sentence[..11], Sep];
        long dropped = 0;
        for (uint line = 0; line < 300; line++)
        {
            int[] view = limited.Create(ids, line, 0), whole = unlimited.Create(ids, line, 0);
            Assert.Equal([.. whole[..Math.Min(11, whole.Length - 1)], Sep], view);
            dropped += whole.Length - view.Length;
        }
        Assert.True(dropped > 0);
        Assert.Equal(dropped, limited.Dropped);
    }

    [Fact]
    public void DrawOnce_draws_the_same_repetitions_in_every_step()
    {
        PositiveViews views = Create(new() { RepetitionDraw = RepetitionDraw.Once });
        Assert.Single(ViewsOfSteps(views).Distinct());
    }

    [Fact]
    public void DrawEachStep_draws_new_repetitions_per_step()
    {
        PositiveViews views = Create(new() { RepetitionDraw = RepetitionDraw.Step });
        Assert.True(ViewsOfSteps(views).Distinct().Count() > 10);
    }

    [Fact]
    public void Another_seed_draws_other_repetitions()
    {
        PositiveViews views = Create(new()), others = Create(new() { Seed = 43 });
        Assert.NotEqual(LengthsOfLines(views), LengthsOfLines(others));
    }

    [Fact]
    public void Draw_returns_the_tokens_of_Create()
    {
        PositiveViews views = Create(new());
        for (uint line = 0; line < Draws; line++)
            Assert.Equal(views.Create(Sentence, line, 0), views.Draw(Sentence, line, 0).ToArray());
    }

    static string[] ViewsOfSteps(PositiveViews views)
    {
        IEnumerable<uint> steps = Enumerable.Range(0, Draws).Select(step => (uint)step);
        return [.. steps.Select(step => string.Join(' ', views.Create(Sentence, line: 7, step)))];
    }

    static int[] LengthsOfLines(PositiveViews views)
    {
        IEnumerable<uint> lines = Enumerable.Range(0, Draws).Select(line => (uint)line);
        return [.. lines.Select(line => views.Draw(Sentence, line, step: 0).Length)];
    }
}
