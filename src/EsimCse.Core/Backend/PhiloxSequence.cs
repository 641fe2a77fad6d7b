namespace EsimCse.Core.Backend;

/// <summary>Words of <see cref="Philox"/> one after another, from counters (0, site, sentence, step), (1, site, sentence, step) …</summary>
struct PhiloxSequence(ulong seed, uint site, uint sentence, uint step)
{
    /// <summary>Sites past those of the dropouts.</summary>
    public const uint Repetition = 0x1000, Shuffle = 0x1001;

    (uint W0, uint W1, uint W2, uint W3) _block;
    uint _next;

    /// <summary>Uniform on 0 … bound − 1.</summary>
    public int Below(int bound)
    {
        if (_next % 4 == 0) _block = Philox.Block(_next / 4, site, sentence, step, seed);
        uint word = (_next++ % 4) switch { 0 => _block.W0, 1 => _block.W1, 2 => _block.W2, _ => _block.W3 };
        return (int)((ulong)word * (uint)bound >> 32);
    }
}
