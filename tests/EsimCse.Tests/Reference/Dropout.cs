namespace EsimCse.Tests.Reference;

/// <summary>The dropout mask of CONTRACT §13, with its own Philox.</summary>
static class Dropout
{
    const ulong TwoTo32 = 1UL << 32;

    /// <summary>Computes the first `count` multipliers, 0 or 1 / (1 − rate), of one sentence of a view.</summary>
    public static double[] Mask(double rate, ulong seed, int site, int view, int sentence, int step, int count)
    {
        int threshold = (int)Math.Round(65536 * rate);
        double scale = 65536.0 / (65536 - threshold);
        double[] mask = new double[count];
        for (int element = 0; element < count; element++)
        {
            uint[] counter = [(uint)(element / 8), (uint)(site + 65536 * view), (uint)sentence, (uint)step];
            uint word = Philox(counter, Key(seed))[element % 8 / 2];
            uint draw = element % 2 == 0 ? word % 65536 : word / 65536;
            mask[element] = draw >= threshold ? scale : 0;
        }
        return mask;
    }

    internal static uint[] Key(ulong seed) => [(uint)(seed % TwoTo32), (uint)(seed / TwoTo32)];

    /// <summary>Computes Philox4x32-10 of a counter c and a key k. Salmon et al., SC 2011.</summary>
    internal static uint[] Philox(uint[] c, uint[] k)
    {
        for (int round = 0; round < 10; round++)
        {
            (ulong high0, ulong low0) = Math.DivRem(0xD2511F53ul * c[0], TwoTo32);
            (ulong high2, ulong low2) = Math.DivRem(0xCD9E8D57ul * c[2], TwoTo32);
            c = [(uint)high2 ^ c[1] ^ k[0], (uint)low2, (uint)high0 ^ c[3] ^ k[1], (uint)low0];
            k = [unchecked(k[0] + 0x9E3779B9), unchecked(k[1] + 0xBB67AE85)];
        }
        return c;
    }
}
