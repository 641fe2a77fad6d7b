using EsimCse.Core.Backend;

namespace EsimCse.Tests.Reference;

/// <summary>Augmentation and packing of a batch as CONTRACT §13 defines them.</summary>
static class PackViews
{
    /// <summary>The parameters of an augmentation, on the host.</summary>
    public sealed record Spec(
        Augmentation Kind, double Rate, RepetitionFormula Formula, ulong Seed, int MaxPositions, int MaskId,
        bool[] ContinuesWord, int[] Insertions);

    /// <summary>Computes the positive view of a sentence, [CLS] and [SEP] included, from its line and step.</summary>
    public static int[] PositiveView(Spec spec, int[] ids, int line, int step)
    {
        int[] tokens = ids[1..^1];
        if (spec.Kind == Augmentation.None || tokens.Length == 0) return ids;
        Draws draws = new(spec.Seed, line, step);
        List<List<int>> units = Units(spec, tokens);
        HashSet<int> chosen = Choose(DrawCount(spec, units.Count, draws), units.Count, draws);
        List<int> view = [];
        for (int unit = 0; unit < units.Count; unit++)
            view.AddRange(chosen.Contains(unit) ? Augment(spec, units[unit], draws) : units[unit]);
        return [ids[0], .. view.Take(spec.MaxPositions - 2), ids[^1]];
    }

    /// <summary>Returns ids, positions and offsets of the views end to end, with zeros up to `rows` tokens.</summary>
    public static (int[] Ids, int[] Positions, int[] Offsets) Pack(int[][] views, int rows)
    {
        int[] ids = [.. views.SelectMany(view => view)];
        int[] positions = [.. views.SelectMany(view => Enumerable.Range(0, view.Length))];
        int[] offsets = [0, .. views.Select((_, s) => views[..(s + 1)].Sum(view => view.Length))];
        int[] padding = new int[rows - ids.Length];
        return ([.. ids, .. padding], [.. positions, .. padding], offsets);
    }

    /// <summary>Splits tokens into the units to draw: words for <see cref="Augmentation.Word"/>, else tokens.</summary>
    static List<List<int>> Units(Spec spec, int[] tokens)
    {
        List<List<int>> units = [];
        foreach (int token in tokens)
            if (spec.Kind == Augmentation.Word && units.Count > 0 && spec.ContinuesWord[token]) units[^1].Add(token);
            else units.Add([token]);
        return units;
    }

    /// <summary>
    /// Draws the number of units to augment. Paper: 0 … max(2, ⌊rate N⌋). Official code: 0 … m − 1 or 0, where
    /// m = min(10, ⌊rate (N + 2)⌋).
    /// </summary>
    static int DrawCount(Spec spec, int units, Draws draws)
    {
        int bound = spec.Formula == RepetitionFormula.Paper
            ? (int)Math.Max(2, Math.Floor(spec.Rate * units)) + 1
            : (int)Math.Min(10, Math.Floor(spec.Rate * (units + 2)));
        int count = bound < 1 ? 0 : draws.Below(bound);
        return Math.Min(count, spec.Kind == Augmentation.Delete ? units - 1 : units);
    }

    /// <summary>Draws `count` units without replacement.</summary>
    static HashSet<int> Choose(int count, int units, Draws draws)
    {
        List<int> remaining = [.. Enumerable.Range(0, units)];
        HashSet<int> chosen = [];
        for (int i = 0; i < count; i++)
        {
            // The first of the remaining units moves to the position of the chosen one.
            int position = draws.Below(remaining.Count);
            chosen.Add(remaining[position]);
            remaining[position] = remaining[0];
            remaining.RemoveAt(0);
        }
        return chosen;
    }

    static List<int> Augment(Spec spec, List<int> unit, Draws draws) => spec.Kind switch
    {
        Augmentation.Subword or Augmentation.Word => [.. unit, .. unit],
        Augmentation.Mask => [.. unit, spec.MaskId],
        Augmentation.Insert or Augmentation.Stopword => [.. unit, spec.Insertions[draws.Below(spec.Insertions.Length)]],
        Augmentation.Delete => [],
        _ => unit,
    };

    /// <summary>The random words of one sentence, drawn one after another.</summary>
    sealed class Draws(ulong seed, int line, int step)
    {
        int _count;

        /// <summary>Draws an integer from 0 to bound − 1.</summary>
        public int Below(int bound)
        {
            uint[] counter = [(uint)(_count / 4), 0x1000, (uint)line, (uint)step];
            uint word = Dropout.Philox(counter, Dropout.Key(seed))[_count++ % 4];
            return (int)(word * (ulong)bound >> 32);
        }
    }
}
