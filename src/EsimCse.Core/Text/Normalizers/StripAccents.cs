using System.Text;

namespace EsimCse.Core.Text.Normalizers;

/// <summary>Removes all marks. It decomposes nothing: NFD before it does.</summary>
sealed class StripAccents : Normalizer
{
    public override string Apply(string text)
    {
        StringBuilder target = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
            if (!UnicodeTables.IsMark(rune.Value)) target.Append(rune);
        return target.ToString();
    }
}
