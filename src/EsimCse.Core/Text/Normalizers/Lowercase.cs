namespace EsimCse.Core.Text.Normalizers;

/// <summary>Lower-cases by the full mapping of each code point, whatever stands around it.</summary>
sealed class Lowercase : Normalizer
{
    public override string Apply(string text) => TextCase.ToLower(text);
}
