using EsimCse.Core.Files;

namespace EsimCse.Core.Text.PreTokenizers;

/// <summary>Splits numbers off: each run of digits, or each digit, is a word.</summary>
sealed class Digits(bool individual) : PreTokenizer
{
    public static readonly SettingKeys Keys = new() { Honoured = ["type", "individual_digits"], IsClosed = true };

    public static Digits Read(JsonSettings json) => new(json.Flag("individual_digits") ?? false);

    public override void Split(string text, Range piece, List<Range> words)
    {
        SplitBehavior behavior = individual ? SplitBehavior.Isolated : SplitBehavior.Contiguous;
        Delimiters.Split(text, piece, UnicodeTables.IsNumeric, behavior, words);
    }
}
