using EsimCse.Core.Files;

namespace EsimCse.Core.Text.Normalizers;

/// <summary>Removes whitespace from the ends of the text.</summary>
sealed class Strip(bool left, bool right) : Normalizer
{
    public static readonly SettingKeys Keys = new()
    {
        Honoured = ["type", "strip_left", "strip_right"],
        IsClosed = true,
    };

    public static Strip Read(JsonSettings json) =>
        new(json.Flag("strip_left") ?? true, json.Flag("strip_right") ?? true);

    public override string Apply(string text)
    {
        ReadOnlySpan<char> stripped = text;
        if (left) stripped = stripped.TrimStart(UnicodeTables.Whitespace);
        if (right) stripped = stripped.TrimEnd(UnicodeTables.Whitespace);
        return stripped.ToString();
    }
}
