namespace EsimCse.Core.Backend;

/// <summary>
/// The words of <see cref="Philox"/> in order, from counters (0, site, sentence, step), (1, site, sentence, step) …
/// </summary>
struct PhiloxSequence(ulong seed, uint site, uint sentence, uint step)
{
    /// <summary>The site of augmentation draws. Dropout sites are lower.</summary>
    public const uint Repetition = 0x1000;

    /// <summary>The site of the corpus shuffle.</summary>
    public const uint Shuffle = 0x1001;

    (uint W0, uint W1, uint W2, uint W3) _block;
    uint _next;

    /// <summary>Draws a number from 0 … bound − 1.</summary>
    public int Below(int bound)
    {
        uint index = _next % 4;
        if (index == 0) _block = Philox.Block(_next / 4, site, sentence, step, seed);
        _next++;
        uint word = index switch { 0 => _block.W0, 1 => _block.W1, 2 => _block.W2, _ => _block.W3 };
        return (int)((ulong)word * (uint)bound >> 32);
    }
}
