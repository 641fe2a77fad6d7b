namespace EsimCse.Core.Text.PreTokenizers;

/// <summary>Splits at whitespace.</summary>
sealed class WhitespaceSplit() : DelimiterSplit(UnicodeTables.IsWhitespace, SplitBehavior.Removed);
