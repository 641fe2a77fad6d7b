using EsimCse.Core.Text;

namespace EsimCse.Tests.Text;

public class WordMasksTests
{
    [Fact]
    public void Words_are_those_of_a_loop_over_the_bytes()
    {
        Random random = new(3);
        for (int round = 0; round < 2_000; round++)
        {
            byte[] bytes = new byte[3 * WordMasks.BlockLength];
            random.NextBytes(bytes);
            // Some texts with long words, some of ASCII alone.
            for (int i = 0; i < bytes.Length; i++)
                if (round % 3 == 1) bytes[i] = random.Next(90) == 0 ? (byte)' ' : (byte)'a';
                else if (round % 3 == 2) bytes[i] &= 0x7F;
            Assert.Equal(FindWords(bytes), ReadWords(bytes));
        }
    }

    static List<(int Start, int Length)> ReadWords(byte[] bytes)
    {
        List<(int, int)> words = [];
        ulong goesOn = 0;
        WordMasks[] masks = new WordMasks[bytes.Length / WordMasks.BlockLength + 1];
        for (int i = 0; i < masks.Length - 1; i++)
            masks[i] = WordMasks.Read(in bytes[i * WordMasks.BlockLength], ref goesOn);
        masks[^1] = WordMasks.None;
        for (int i = 0; i < masks.Length - 1; i++)
            for (int bit = 0; bit < WordMasks.BlockLength; bit++)
                if ((masks[i].Starts >> bit & 1) != 0)
                    words.Add((i * WordMasks.BlockLength + bit, masks[i].LengthAt(bit, masks[i + 1])));
        return words;
    }

    /// <summary>Finds words; one of more than a block has a length of one more.</summary>
    static List<(int Start, int Length)> FindWords(byte[] bytes)
    {
        List<(int, int)> words = [];
        for (int start = 0; start < bytes.Length;)
        {
            int end = start + 1;
            bool isMark = bytes[start] != ' ' && WordMasks.IsEnd(bytes[start]);
            while (!isMark && bytes[start] != ' ' && end < bytes.Length && !WordMasks.IsEnd(bytes[end])) end++;
            if (bytes[start] != ' ') words.Add((start, Math.Min(end - start, WordMasks.BlockLength + 1)));
            start = end;
        }
        return words;
    }
}
