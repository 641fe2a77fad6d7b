namespace EsimCse.Core.Text.PreTokenizers;

/// <summary>Splits at whitespace, and between word characters and others: \w+|[^\w\s]+.</summary>
sealed class Whitespace : PreTokenizer
{
    public override void Split(string text, Range piece, List<Range> words)
    {
        List<Range> pieces = [];
        Delimiters.Split(text, piece, UnicodeTables.IsWhitespace, SplitBehavior.Removed, pieces);
        foreach (Range part in pieces)
            Delimiters.Split(text, part, UnicodeTables.IsWordCharacter, SplitBehavior.Contiguous, words);
    }
}
