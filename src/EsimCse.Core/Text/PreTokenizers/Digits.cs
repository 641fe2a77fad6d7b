using EsimCse.Core.Files;

namespace EsimCse.Core.Text.PreTokenizers;

/// <summary>Splits numbers off: each run of digits, or each digit, is a word.</summary>
sealed class Digits(bool individual) : DelimiterSplit(
    UnicodeTables.IsNumeric, individual ? SplitBehavior.Isolated : SplitBehavior.Contiguous)
{
    public static readonly SettingKeys Keys = new() { Honoured = ["type", "individual_digits"], IsClosed = true };

    public static Digits Read(JsonSettings json) => new(json.Flag("individual_digits") ?? false);
}
