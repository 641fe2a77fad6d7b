using System.Text;

namespace EsimCse.Core.Text.Normalizers;

/// <summary>Lower-cases by the full mapping of each code point, whatever stands around it.</summary>
sealed class Lowercase : Normalizer
{
    public override string Apply(string text)
    {
        StringBuilder target = new(text.Length);
        Span<int> images = stackalloc int[4];
        foreach (Rune rune in text.EnumerateRunes())
            foreach (int image in images[..UnicodeTables.ToLower(rune.Value, images)]) target.Append(new Rune(image));
        return target.ToString();
    }
}
