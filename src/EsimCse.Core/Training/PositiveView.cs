using EsimCse.Core.Backend;
using EsimCse.Core.Text;

namespace EsimCse.Core.Training;

/// <summary>
/// The positive of one sentence by <see cref="AugmentationSpec"/>. All that depends on the kind of
/// <see cref="Augmentation"/> is here, and once more in the kernel. A unit is a token, or for
/// <see cref="Augmentation.Word"/> a word with all its tokens.
/// </summary>
static class PositiveView
{
    const int OfficialMaxCount = 10, PaperMinCount = 2;

    /// <summary>Tokens up to which scratch is on the stack.</summary>
    const int MaxStackTokens = 512;

    // The most frequent function words of English.
    static readonly string[] StopWords =
    [
        "the", "of", "and", "a", "to", "in", "is", "you", "that", "it", "he", "was", "for", "on", "are", "as", "with",
        "his", "they", "i", "at", "be", "this", "have", "from", "or", "had", "by", "but", "not", "what", "all", "were",
        "we", "when", "your", "can", "there", "an", "which",
    ];

    /// <summary>
    /// Returns, by id, 1 for tokens that continue a word; empty for an augmentation that does not read it.
    /// </summary>
    public static int[] ContinuesWord(Augmentation augmentation, BertTokenizer tokenizer)
    {
        if (augmentation != Augmentation.Word) return [];
        return [.. Enumerable.Range(0, tokenizer.VocabularySize).Select(id => tokenizer.IsContinuation(id) ? 1 : 0)];
    }

    /// <summary>Returns the tokens to draw insertions from; empty for an augmentation that draws none.</summary>
    public static int[] Insertions(Augmentation augmentation, BertTokenizer tokenizer) => augmentation switch
    {
        Augmentation.Insert => OrdinaryTokens(tokenizer),
        Augmentation.Stopword => Stopwords(tokenizer),
        _ => [],
    };

    /// <summary>Writes the positive of a sentence.</summary>
    /// <param name="spec">The augmentation; its tables on the device are not read.</param>
    /// <param name="continuesWord">The table <see cref="AugmentationSpec.ContinuesWord"/>.</param>
    /// <param name="insertions">The table <see cref="AugmentationSpec.Insertions"/>.</param>
    /// <param name="ids">The sentence with [CLS] and [SEP].</param>
    /// <param name="line">The sentence's line in the corpus.</param>
    /// <param name="step">The step.</param>
    /// <param name="view">The positive; twice as long as the sentence.</param>
    /// <param name="dropped">The number of tokens dropped past <see cref="AugmentationSpec.MaxPositions"/>.</param>
    /// <returns>The number of tokens written.</returns>
    public static int Write(
        in AugmentationSpec spec,
        ReadOnlySpan<int> continuesWord,
        ReadOnlySpan<int> insertions,
        ReadOnlySpan<int> ids,
        uint line,
        uint step,
        Span<int> view,
        out int dropped)
    {
        dropped = 0;
        if (spec.Augmentation == Augmentation.None || ids.Length <= 2)
        {
            ids.CopyTo(view);
            return ids.Length;
        }
        Span<int> starts = ids.Length <= MaxStackTokens ? stackalloc int[ids.Length] : new int[ids.Length];
        Span<int> chosen = ids.Length <= MaxStackTokens ? stackalloc int[ids.Length] : new int[ids.Length];
        PhiloxSequence draws = new(
            spec.Seed, PhiloxSequence.Repetition, line, spec.Draw == RepetitionDraw.Step ? step : 0);
        int units = FindUnits(spec.Augmentation, continuesWord, ids, starts);
        int maxCount = spec.Augmentation == Augmentation.Delete ? units - 1 : units;
        Choose(Math.Min(DrawCount(spec, units, ref draws), maxCount), chosen[..units], ref draws);
        int length = 0;
        view[length++] = ids[0];
        for (int unit = 0; unit < units; unit++)
        {
            ReadOnlySpan<int> tokens = ids[starts[unit]..starts[unit + 1]];
            if (chosen[unit] != 0) length = AppendChanged(spec, insertions, tokens, ref draws, view, length);
            else length = Append(tokens, view, length);
        }
        dropped = Math.Max(0, length - (spec.MaxPositions - 1));
        length -= dropped;
        view[length++] = ids[^1];
        return length;
    }

    static int[] OrdinaryTokens(BertTokenizer tokenizer)
    {
        // A tokenizer may not list its special tokens as added ones.
        IEnumerable<int> ids = Enumerable.Range(0, tokenizer.VocabularySize);
        return [.. ids.Where(id => !tokenizer.IsAdded(id) && !tokenizer.IsSpecial(id))];
    }

    static int[] Stopwords(BertTokenizer tokenizer)
    {
        List<int> ids = [];
        foreach (string word in StopWords)
            if (tokenizer.TryGetWordId(word, out int id)) ids.Add(id);
        if (ids.Count > 0) return [.. ids];
        throw new InvalidInputException("the vocabulary has no English stop-word: --repetition stopword needs one");
    }

    /// <summary>Writes the start of each unit, and after the last its end; returns the number of units.</summary>
    static int FindUnits(
        Augmentation augmentation,
        ReadOnlySpan<int> continuesWord,
        ReadOnlySpan<int> ids,
        Span<int> starts)
    {
        int units = 0;
        for (int i = 1; i < ids.Length - 1; i++)
            if (augmentation != Augmentation.Word || units == 0 || continuesWord[ids[i]] == 0) starts[units++] = i;
        starts[units] = ids.Length - 1;
        return units;
    }

    static int DrawCount(in AugmentationSpec spec, int units, ref PhiloxSequence draws)
    {
        if (spec.Formula == RepetitionFormula.Paper)
            return draws.Below(Math.Max(PaperMinCount, (int)(spec.Rate * units)) + 1);
        int maxCount = Math.Min(OfficialMaxCount, (int)(spec.Rate * (units + 2)));
        return maxCount < 1 ? 0 : draws.Below(maxCount);
    }

    /// <summary>Draws without replacement: writes 1 for the chosen units, 0 for the others.</summary>
    static void Choose(int count, Span<int> chosen, ref PhiloxSequence draws)
    {
        Span<int> order = chosen.Length <= MaxStackTokens ? stackalloc int[chosen.Length] : new int[chosen.Length];
        for (int i = 0; i < order.Length; i++) order[i] = i;
        chosen.Clear();
        for (int i = 0; i < count; i++)
        {
            int other = i + draws.Below(order.Length - i);
            (order[i], order[other]) = (order[other], order[i]);
            chosen[order[i]] = 1;
        }
    }

    /// <summary>Appends a chosen unit as the augmentation changes it; returns the new length.</summary>
    static int AppendChanged(
        in AugmentationSpec spec,
        ReadOnlySpan<int> insertions,
        ReadOnlySpan<int> tokens,
        ref PhiloxSequence draws,
        Span<int> view,
        int length)
    {
        if (spec.Augmentation == Augmentation.Delete) return length;
        length = Append(tokens, view, length);
        switch (spec.Augmentation)
        {
            case Augmentation.Subword or Augmentation.Word:
                return Append(tokens, view, length);
            case Augmentation.Insert or Augmentation.Stopword:
                view[length] = insertions[draws.Below(insertions.Length)];
                return length + 1;
            case Augmentation.Mask:
                view[length] = spec.MaskId;
                return length + 1;
            default:
                return length;
        }
    }

    static int Append(ReadOnlySpan<int> tokens, Span<int> view, int length)
    {
        tokens.CopyTo(view[length..]);
        return length + tokens.Length;
    }
}
