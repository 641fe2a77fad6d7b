using EsimCse.Core.Backend;

namespace EsimCse.Core.Training;

/// <summary>The second view of one sentence, as <see cref="AugmentationSpec"/> says.</summary>
static class PositiveView
{
    const int OfficialMost = 10, PaperLeast = 2, OnTheStack = 512;

    /// <summary>Writes the view of a sentence, given with [CLS] and [SEP], and gives its length; view has room for twice the sentence. The tables are those of draws.</summary>
    public static int Write(in AugmentationSpec draws, ReadOnlySpan<int> continues, ReadOnlySpan<int> extra, ReadOnlySpan<int> ids, uint line, uint step, Span<int> view, out int dropped)
    {
        dropped = 0;
        if (draws.Augmentation == Augmentation.None || ids.Length <= 2)
        {
            ids.CopyTo(view);
            return ids.Length;
        }
        Span<int> first = ids.Length <= OnTheStack ? stackalloc int[ids.Length] : new int[ids.Length];
        Span<int> numbers = ids.Length <= OnTheStack ? stackalloc int[ids.Length] : new int[ids.Length];
        int units = Units(draws.Augmentation, continues, ids, first);
        PhiloxSequence words = new(draws.Seed, PhiloxSequence.Repetition, line, draws.Draw == RepetitionDraw.Step ? step : 0);
        int n = Math.Min(Count(draws, units, ref words), draws.Augmentation == Augmentation.Delete ? units - 1 : units);
        Draw(n, numbers[..units], ref words);
        int length = 0;
        view[length++] = ids[0];
        for (int unit = 0; unit < units; unit++) length = Unit(draws, extra, ids[first[unit]..first[unit + 1]], numbers[unit] != 0, ref words, view, length);
        dropped = Math.Max(0, length - (draws.MaxPositions - 1));
        length -= dropped;
        view[length++] = ids[^1];
        return length;
    }

    /// <summary>Where each unit begins, and behind the last where it ends.</summary>
    static int Units(Augmentation kind, ReadOnlySpan<int> continues, ReadOnlySpan<int> ids, Span<int> first)
    {
        int units = 0;
        for (int i = 1; i < ids.Length - 1; i++)
            if (kind != Augmentation.Word || units == 0 || continues[ids[i]] == 0) first[units++] = i;
        first[units] = ids.Length - 1;
        return units;
    }

    static int Count(in AugmentationSpec draws, int units, ref PhiloxSequence words)
    {
        if (draws.Formula == RepetitionFormula.Paper) return words.Below(Math.Max(PaperLeast, (int)(draws.Rate * units)) + 1);
        int most = Math.Min(OfficialMost, (int)(draws.Rate * (units + 2)));
        return most < 1 ? 0 : words.Below(most);
    }

    /// <summary>Marks n of the numbers with 1, the others with 0.</summary>
    static void Draw(int n, Span<int> numbers, ref PhiloxSequence words)
    {
        Span<int> marks = numbers.Length <= OnTheStack ? stackalloc int[numbers.Length] : new int[numbers.Length];
        marks.Clear();
        for (int i = 0; i < numbers.Length; i++) numbers[i] = i;
        for (int i = 0; i < n; i++)
        {
            int other = i + words.Below(numbers.Length - i);
            (numbers[i], numbers[other]) = (numbers[other], numbers[i]);
            marks[numbers[i]] = 1;
        }
        marks.CopyTo(numbers);
    }

    static int Unit(in AugmentationSpec draws, ReadOnlySpan<int> extra, ReadOnlySpan<int> unit, bool drawn, ref PhiloxSequence words, Span<int> view, int length)
    {
        if (!drawn || draws.Augmentation != Augmentation.Delete) length = Append(unit, view, length);
        if (!drawn) return length;
        switch (draws.Augmentation)
        {
            case Augmentation.Subword or Augmentation.Word: return Append(unit, view, length);
            case Augmentation.Insert or Augmentation.Stopword: view[length] = extra[words.Below(extra.Length)]; return length + 1;
            case Augmentation.Mask: view[length] = draws.MaskId; return length + 1;
            default: return length;
        }
    }

    static int Append(ReadOnlySpan<int> unit, Span<int> view, int length)
    {
        unit.CopyTo(view[length..]);
        return length + unit.Length;
    }
}
