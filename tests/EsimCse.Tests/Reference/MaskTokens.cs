namespace EsimCse.Tests.Reference;

/// <summary>The masking of tokens, sentence by sentence, from the definition of its draws.</summary>
static class MaskTokens
{
    const uint Site = 0x1003;
    const double WordRange = 4294967296.0;

    public sealed record Spec(double Probability, ulong Seed, int MaskId, int Vocabulary, int[] Special);

    /// <summary>Returns the masked ids of a sentence, and the labels of its tokens, −1 for those not chosen.</summary>
    public static (int[] Ids, int[] Labels) Sentence(Spec spec, int[] ids, int view, int sentence, int step)
    {
        int[] masked = [.. ids];
        int[] labels = [.. ids.Select(_ => -1)];
        for (int position = 0; position < ids.Length; position++)
        {
            uint[] counter = [(uint)position, Site + 65536 * (uint)view, (uint)sentence, (uint)step];
            uint[] draws = Dropout.Philox(counter, Dropout.Key(spec.Seed));
            bool isChosen = draws[0] / WordRange < spec.Probability;
            if (!isChosen || spec.Special.Contains(ids[position])) continue;
            labels[position] = ids[position];
            int tenth = (int)Math.Floor(draws[1] / WordRange * 10);
            if (tenth < 8) masked[position] = spec.MaskId;
            if (tenth == 8) masked[position] = (int)Math.Floor(draws[2] / WordRange * spec.Vocabulary);
        }
        return (masked, labels);
    }
}
