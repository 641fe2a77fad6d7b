namespace EsimCse.Core.Text.PreTokenizers;

/// <summary>Splits at whitespace; each punctuation mark is a word.</summary>
sealed class BertPreTokenizer : PreTokenizer
{
    public override void Split(string text, Range piece, List<Range> words)
    {
        List<Range> pieces = [];
        Delimiters.Split(text, piece, UnicodeTables.IsWhitespace, SplitBehavior.Removed, pieces);
        foreach (Range part in pieces)
            Delimiters.Split(text, part, UnicodeTables.IsPunctuation, SplitBehavior.Isolated, words);
    }
}
