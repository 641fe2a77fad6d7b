using EsimCse.Core.Backend;

namespace EsimCse.Tests.Reference;

/// <summary>Second views and the packing of a batch, from the contract's words.</summary>
static class PackViews
{
    public static int[] SecondView(Augmentation kind, double rate, bool paper, ulong seed, int most, int mask, bool[] continues, int[] extra, int[] ids, int line, int step)
    {
        int[] pieces = ids[1..^1];
        if (kind == Augmentation.None || pieces.Length == 0) return ids;
        int drawn = 0;
        int Below(int bound)
        {
            uint[] words = Dropout.Philox([(uint)(drawn / 4), 0x1000, (uint)line, (uint)step], [(uint)(seed % 4294967296), (uint)(seed / 4294967296)]);
            return (int)(words[drawn++ % 4] * (ulong)bound / 4294967296);
        }
        List<List<int>> units = [];
        foreach (int piece in pieces)
            if (kind == Augmentation.Word && units.Count > 0 && continues[piece]) units[^1].Add(piece);
            else units.Add([piece]);
        int m = (int)Math.Min(10, Math.Floor(rate * (units.Count + 2)));
        int n = paper ? Below((int)Math.Max(2, Math.Floor(rate * units.Count)) + 1) : m < 1 ? 0 : Below(m);
        n = Math.Min(n, kind == Augmentation.Delete ? units.Count - 1 : units.Count);
        List<int> left = [.. Enumerable.Range(0, units.Count)], chosen = [];
        for (int i = 0; i < n; i++)
        {
            // The place that a number leaves is taken by the one that stood first among those left.
            int place = Below(left.Count);
            chosen.Add(left[place]);
            left[place] = left[0];
            left.RemoveAt(0);
        }
        List<int> view = [];
        for (int unit = 0; unit < units.Count; unit++)
        {
            bool hit = chosen.Contains(unit);
            if (!hit || kind != Augmentation.Delete) view.AddRange(units[unit]);
            if (!hit) continue;
            if (kind is Augmentation.Subword or Augmentation.Word) view.AddRange(units[unit]);
            if (kind == Augmentation.Mask) view.Add(mask);
            if (kind is Augmentation.Insert or Augmentation.Stopword) view.Add(extra[Below(extra.Length)]);
        }
        return [ids[0], .. view.Take(most - 2), ids[^1]];
    }

    /// <summary>Ids, positions and offsets of views end to end, filled up with zeros.</summary>
    public static (int[] Ids, int[] Positions, int[] Offsets) Pack(int[][] views, int tokens)
    {
        int[] ids = [.. views.SelectMany(view => view)], positions = [.. views.SelectMany(view => Enumerable.Range(0, view.Length))];
        int[] rest = new int[tokens - ids.Length];
        return ([.. ids, .. rest], [.. positions, .. rest], [0, .. views.Select((_, s) => views[..(s + 1)].Sum(view => view.Length))]);
    }
}
