using EsimCse.Core.Backend;
using EsimCse.Core.Text;

namespace EsimCse.Core.Training;

/// <summary>
/// The second views of a run's sentences: some of their pieces or words written twice in place, so that the two views differ in length. Wu et al., ESimCSE,
/// arXiv 2109.04380; and the ways that it was compared with.
/// </summary>
sealed class PositiveViews
{
    // The most frequent function words of English.
    static readonly string[] StopWords = ["the", "of", "and", "a", "to", "in", "is", "you", "that", "it", "he", "was", "for", "on", "are", "as", "with", "his",
        "they", "i", "at", "be", "this", "have", "from", "or", "had", "by", "but", "not", "what", "all", "were", "we", "when", "your", "can", "there", "an", "which"];

    int[] _view = [];

    public PositiveViews(TrainingOptions options, BertTokenizer tokenizer, int maxPositions)
    {
        RepetitionFormula formula = options.PaperFormula ? RepetitionFormula.Paper : RepetitionFormula.Official;
        RepetitionDraw draw = options.DrawEachStep ? RepetitionDraw.Step : RepetitionDraw.Once;
        Draws = new(options.Repetition, options.RepetitionRate, formula, draw, options.Seed, maxPositions, tokenizer.MaskId);
        IEnumerable<int> all = Enumerable.Range(0, tokenizer.VocabularySize);
        Continues = options.Repetition == Augmentation.Word ? [.. all.Select(id => tokenizer.IsContinuation(id) ? 1 : 0)] : [];
        Extra = options.Repetition switch
        {
            // A tokenizer need not say which of its pieces are special.
            Augmentation.Insert => [.. all.Where(id => !tokenizer.IsAdded(id)).Except([tokenizer.UnknownId, .. Ids(tokenizer, TokenizerSettings.Specials)])],
            Augmentation.Stopword => [.. Ids(tokenizer, StopWords)],
            _ => [],
        };
        if (options.Repetition == Augmentation.Stopword && Extra.Length == 0) throw new InvalidInputException("the vocabulary has no English stop-word: --repetition stopword needs one");
    }

    static IEnumerable<int> Ids(BertTokenizer tokenizer, string[] pieces) => pieces.Select(piece => tokenizer.TryGetId(piece, out int id) ? id : -1).Where(id => id >= 0);

    /// <summary>Everything but the tables' place on a device.</summary>
    public AugmentationSpec Draws { get; }

    /// <summary>By id: 1 for pieces that continue a word; empty where no words are drawn.</summary>
    public int[] Continues { get; }

    /// <summary>The pieces that are put in; empty where none are.</summary>
    public int[] Extra { get; }

    /// <summary>Pieces that were dropped from the end because they passed the model's positions.</summary>
    public long Dropped { get; private set; }

    /// <summary>The second view of a sentence, given with [CLS] and [SEP]; a function of the seed, its line in the corpus, and the step or 0.</summary>
    public int[] Create(ReadOnlySpan<int> ids, uint line, uint step)
    {
        int length = Length(ids, line, step);
        return _view[..length];
    }

    /// <summary>The length of <see cref="Create"/>.</summary>
    public int Length(ReadOnlySpan<int> ids, uint line, uint step)
    {
        if (_view.Length < 2 * ids.Length) _view = new int[2 * ids.Length];
        int length = Training.PositiveView.Write(Draws, Continues, Extra, ids, line, step, _view, out int dropped);
        Dropped += dropped;
        return length;
    }
}
