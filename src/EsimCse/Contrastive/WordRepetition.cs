using EsimCse.Text;
using EsimCse.Training;

namespace EsimCse.Contrastive;

/// <summary>
/// The second view of a sentence: some of its pieces or words written twice in place, so that the two views differ in length. Wu et al., ESimCSE,
/// arXiv 2109.04380; and the ways that it was compared with.
/// </summary>
sealed class WordRepetition
{
    const int OfficialMost = 10, PaperLeast = 2;

    // The most frequent function words of English.
    static readonly string[] StopWords = ["the", "of", "and", "a", "to", "in", "is", "you", "that", "it", "he", "was", "for", "on", "are", "as", "with", "his",
        "they", "i", "at", "be", "this", "have", "from", "or", "had", "by", "but", "not", "what", "all", "were", "we", "when", "your", "can", "there", "an", "which"];

    readonly TrainingOptions _options;
    readonly BertTokenizer _tokenizer;
    readonly int _maxPositions;
    readonly int[] _stopWords, _ordinary;

    public WordRepetition(TrainingOptions options, BertTokenizer tokenizer, int maxPositions)
    {
        (_options, _tokenizer, _maxPositions) = (options, tokenizer, maxPositions);
        _stopWords = [.. StopWords.Select(word => tokenizer.TryGetId(word, out int id) ? id : -1).Where(id => id >= 0)];
        _ordinary = options.Repetition == RepetitionKind.Insert ? [.. Enumerable.Range(0, tokenizer.VocabularySize).Where(id => !tokenizer.IsAdded(id))] : [];
        if (options.Repetition == RepetitionKind.Stopword && _stopWords.Length == 0) throw new InvalidInputException("the vocabulary has no English stop-word: --repetition stopword needs one");
    }

    /// <summary>Pieces that were dropped from the end because they passed the model's positions.</summary>
    public long Dropped { get; private set; }

    /// <summary>The second view of a sentence, given with [CLS] and [SEP]; a function of the seed, its line in the corpus, and the step or 0.</summary>
    public int[] SecondView(int[] ids, uint line, uint step)
    {
        if (_options.Repetition == RepetitionKind.None || ids.Length <= 2) return ids;
        PhiloxSequence draws = new(_options.Seed, PhiloxSequence.Repetition, line, _options.DrawEachStep ? step : 0);
        List<(int First, int Count)> units = Units(ids);
        int n = Math.Min(Draw(ref draws, units.Count), _options.Repetition == RepetitionKind.Delete ? units.Count - 1 : units.Count);
        bool[] drawn = new bool[units.Count];
        foreach (int unit in draws.Distinct(n, units.Count)) drawn[unit] = true;
        List<int> view = [ids[0]];
        for (int unit = 0; unit < units.Count; unit++) Write(ids.AsSpan(units[unit].First, units[unit].Count), drawn[unit], ref draws, view);
        if (view.Count > _maxPositions - 1)
        {
            Dropped += view.Count - (_maxPositions - 1);
            view.RemoveRange(_maxPositions - 1, view.Count - (_maxPositions - 1));
        }
        view.Add(ids[^1]);
        return [.. view];
    }

    int Draw(ref PhiloxSequence draws, int n)
    {
        if (_options.PaperFormula) return Math.Min(n, draws.Below(Math.Max(PaperLeast, (int)(_options.RepetitionRate * n)) + 1));
        int most = Math.Min(OfficialMost, (int)(_options.RepetitionRate * (n + 2)));
        return most < 1 ? 0 : Math.Min(n, draws.Below(most));
    }

    /// <summary>What is counted and drawn: pieces, or words.</summary>
    List<(int First, int Count)> Units(int[] ids)
    {
        List<(int First, int Count)> units = [];
        for (int i = 1; i < ids.Length - 1; i++)
            if (_options.Repetition == RepetitionKind.Word && i > 1 && _tokenizer.IsContinuation(ids[i])) units[^1] = (units[^1].First, units[^1].Count + 1);
            else units.Add((i, 1));
        return units;
    }

    void Write(ReadOnlySpan<int> unit, bool drawn, ref PhiloxSequence draws, List<int> view)
    {
        if (!drawn || _options.Repetition != RepetitionKind.Delete) view.AddRange(unit);
        if (!drawn) return;
        switch (_options.Repetition)
        {
            case RepetitionKind.Subword or RepetitionKind.Word: view.AddRange(unit); break;
            case RepetitionKind.Insert: view.Add(_ordinary[draws.Below(_ordinary.Length)]); break;
            case RepetitionKind.Mask: view.Add(_tokenizer.MaskId); break;
            case RepetitionKind.Stopword: view.Add(_stopWords[draws.Below(_stopWords.Length)]); break;
        }
    }
}
