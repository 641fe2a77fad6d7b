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
        Span<int> images = stackalloc int[LongestImage];
        foreach (Rune rune in text.EnumerateRunes())
            foreach (int image in images[..UnicodeTables.ToLower(rune.Value, images)]) lower.Append(new Rune(image));
        return lower.ToString();
    }
}
