using System.Text;

namespace EsimCse.Core.Text;

/// <summary>The case of text, in every globalization mode the same.</summary>
static class TextCase
{
    const int LongestImage = 4;

    /// <summary>Returns a text in lower case, by the full mapping of each code point.</summary>
    public static string ToLower(string text)
    {
        StringBuilder lower = new(text.Length);
        Span<int> image = stackalloc int[LongestImage];
        Span<char> units = stackalloc char[2];
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune.IsAscii)
            {
                lower.Append(char.ToLowerInvariant((char)rune.Value));
                continue;
            }
            int count = UnicodeTables.ToLower(rune.Value, image);
            foreach (int code in image[..count]) lower.Append(units[..new Rune(code).EncodeToUtf16(units)]);
        }
        return lower.ToString();
    }
}
