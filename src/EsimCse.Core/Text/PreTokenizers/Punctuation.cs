using EsimCse.Core.Files;

namespace EsimCse.Core.Text.PreTokenizers;

/// <summary>Splits at punctuation marks.</summary>
sealed class Punctuation(SplitBehavior behavior) : DelimiterSplit(UnicodeTables.IsPunctuation, behavior)
{
    public static readonly SettingKeys Keys = new() { Honoured = ["type", "behavior"], IsClosed = true };

    public static Punctuation Read(JsonSettings json)
    {
        string behavior = json.Text("behavior") ?? nameof(SplitBehavior.Isolated);
        bool known = Enum.GetNames<SplitBehavior>().Contains(behavior);
        if (!known) throw json.Wrong("behavior", $"one of {string.Join(", ", Enum.GetNames<SplitBehavior>())}");
        return new Punctuation(Enum.Parse<SplitBehavior>(behavior));
    }
}
