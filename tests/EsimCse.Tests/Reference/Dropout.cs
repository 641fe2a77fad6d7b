namespace EsimCse.Tests.Reference;

/// <summary>The mask of a dropout, straight from the contract's words, with a Philox of its own.</summary>
static class Dropout
{
    /// <summary>The multipliers (0 or scale) of the first elements of a sentence's own array.</summary>
    public static double[] Mask(double rate, ulong seed, int site, int view, int sentence, int step, int count)
    {
        int threshold = (int)Math.Round(65536 * rate);
        double[] mask = new double[count];
        for (int element = 0; element < count; element++)
        {
            uint[] words = Philox([(uint)(element / 8), (uint)(site + 65536 * view), (uint)sentence, (uint)step], [(uint)(seed % 4294967296), (uint)(seed / 4294967296)]);
            uint word = words[element % 8 / 2];
            uint draw = element % 2 == 0 ? word % 65536 : word / 65536;
            mask[element] = draw >= threshold ? 65536.0 / (65536 - threshold) : 0;
        }
        return mask;
    }

    internal static uint[] Philox(uint[] c, uint[] k)
    {
        for (int round = 0; round < 10; round++)
        {
            ulong a = 0xD2511F53ul * c[0], b = 0xCD9E8D57ul * c[2];
            c = [(uint)(b / 4294967296) ^ c[1] ^ k[0], (uint)(b % 4294967296), (uint)(a / 4294967296) ^ c[3] ^ k[1], (uint)(a % 4294967296)];
            k = [unchecked(k[0] + 0x9E3779B9), unchecked(k[1] + 0xBB67AE85)];
        }
        return c;
    }
}
