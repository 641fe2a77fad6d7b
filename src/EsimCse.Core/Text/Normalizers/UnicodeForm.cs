namespace EsimCse.Core.Text.Normalizers;

/// <summary>One of Unicode's normalization forms: NFC, NFD, NFKC or NFKD.</summary>
sealed class UnicodeForm(bool compatibility, bool compose) : Normalizer
{
    public override string Apply(string text) => UnicodeNormalization.Apply(text, compatibility, compose);
}
