namespace EsimCse.Core.Text;

/// <summary>Code points of valid UTF-8.</summary>
static class Utf8Text
{
    public static int CountCodePoints(ReadOnlySpan<byte> text)
    {
        int count = 0;
        foreach (byte value in text) count += IsStart(value) ? 1 : 0;
        return count;
    }

    /// <summary>Returns the bytes of a text's first code points, or of all if there are fewer.</summary>
    public static int Prefix(ReadOnlySpan<byte> text, int codePoints)
    {
        int length = 0;
        for (int count = 0; length < text.Length; length++)
            if (IsStart(text[length]) && count++ == codePoints) break;
        return length;
    }

    static bool IsStart(byte value) => (value & 0xC0) != 0x80;
}
