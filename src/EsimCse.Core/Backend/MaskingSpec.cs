namespace EsimCse.Core.Backend;

/// <summary>
/// The masking of the masked-language loss, a pure function of (seed, step, view, sentence, position). A token that is
/// not special is chosen with a probability; of the chosen tokens 80 % become [MASK], 10 % a drawn token, 10 % stay.
/// Devlin, Chang, Lee and Toutanova, arXiv 1810.04805.
/// </summary>
/// <remarks>
/// A token's draws are the words of <see cref="Philox"/>: counter = (position, 0x1003 | view · 65536, sentence, step);
/// view 0 has the anchors, view 1 the positives, and the sentence is counted within its view. The token is chosen if
/// word 0 is below <see cref="Threshold"/>; word 1 · 10 / 2³² is 0 … 7 for [MASK], 8 for token word 2 · V / 2³².
/// </remarks>
/// <param name="Probability">The probability, above 0 and at most 1.</param>
/// <param name="Seed">The key of the draws.</param>
/// <param name="MaskId">The id of [MASK].</param>
/// <param name="VocabularySize">V, the number of ids to draw from.</param>
/// <param name="IsSpecial">Int32 [1,V]: 1 for special tokens, which are never chosen.</param>
public readonly record struct MaskingSpec(
    double Probability,
    ulong Seed,
    int MaskId,
    int VocabularySize,
    Matrix IsSpecial = default)
{
    const uint Site = 0x1003;
    const int MaskShare = 8, RandomShare = 1, Shares = 10;

    /// <summary>The draw from which on tokens are not chosen: round(2³² · probability).</summary>
    public ulong Threshold => (ulong)Math.Round(4294967296.0 * Probability);

    /// <summary>Returns whether a token that is not special is chosen.</summary>
    internal bool IsChosen(int position, int view, int sentence, int step) =>
        Draw(position, view, sentence, step).W0 < Threshold;

    /// <summary>Returns the id that takes the place of a chosen token.</summary>
    internal int Replace(int id, int position, int view, int sentence, int step)
    {
        (_, uint kind, uint token, _) = Draw(position, view, sentence, step);
        return Below(kind, Shares) switch
        {
            < MaskShare => MaskId,
            < MaskShare + RandomShare => Below(token, VocabularySize),
            _ => id,
        };
    }

    static int Below(uint word, int bound) => (int)((ulong)word * (uint)bound >> 32);

    (uint W0, uint W1, uint W2, uint W3) Draw(int position, int view, int sentence, int step) =>
        Philox.Block((uint)position, Site | (uint)view << 16, (uint)sentence, (uint)step, Seed);
}
