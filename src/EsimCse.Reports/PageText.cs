using System.Text;
using System.Xml;

namespace EsimCse.Reports;

/// <summary>Texts from files and folder names that stand in the page.</summary>
static class PageText
{
    /// <summary>Replaces the characters that neither HTML nor XML can hold, which a file's name may.</summary>
    public static string Clean(string text)
    {
        StringBuilder clean = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
            clean.Append(rune.IsBmp && !XmlConvert.IsXmlChar((char)rune.Value) ? Rune.ReplacementChar : rune);
        return clean.ToString();
    }
}
