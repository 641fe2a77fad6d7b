namespace EsimCse.Core.Text.PreTokenizers;

/// <summary>Splits at whitespace; each punctuation mark is a word.</summary>
sealed class BertPreTokenizer() : PreTokenizerSequence(
    new WhitespaceSplit(), new Punctuation(SplitBehavior.Isolated));
