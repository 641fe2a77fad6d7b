namespace EsimCse.Core.Text.PreTokenizers;

/// <summary>Splits at whitespace, and between word characters and others: \w+|[^\w\s]+.</summary>
sealed class Whitespace() : PreTokenizerSequence(
    new WhitespaceSplit(), new DelimiterSplit(UnicodeTables.IsWordCharacter, SplitBehavior.Contiguous));
