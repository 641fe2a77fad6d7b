namespace EsimCse.Core.Text.PreTokenizers;

/// <summary>Splits at whitespace.</summary>
sealed class WhitespaceSplit : PreTokenizer
{
    public override void Split(string text, Range piece, List<Range> words) =>
        Delimiters.Split(text, piece, UnicodeTables.IsWhitespace, SplitBehavior.Removed, words);
}
