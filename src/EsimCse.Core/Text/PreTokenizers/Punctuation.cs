using EsimCse.Core.Files;

namespace EsimCse.Core.Text.PreTokenizers;

/// <summary>Splits at punctuation marks.</summary>
sealed class Punctuation(SplitBehavior behavior) : PreTokenizer
{
    public static readonly SettingKeys Keys = new() { Honoured = ["type", "behavior"], IsClosed = true };

    public static Punctuation Read(JsonSettings json)
    {
        string behavior = json.Text("behavior") ?? nameof(SplitBehavior.Isolated);
        bool known = Enum.GetNames<SplitBehavior>().Contains(behavior);
        if (!known) throw json.Wrong("behavior", $"one of {string.Join(", ", Enum.GetNames<SplitBehavior>())}");
        return new Punctuation(Enum.Parse<SplitBehavior>(behavior));
    }

    public override void Split(string text, Range piece, List<Range> words) =>
        Delimiters.Split(text, piece, UnicodeTables.IsPunctuation, behavior, words);
}
