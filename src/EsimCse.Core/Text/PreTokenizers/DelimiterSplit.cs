using System.Text;

namespace EsimCse.Core.Text.PreTokenizers;

/// <summary>Splits text at single code points, as Hugging Face's NormalizedString does.</summary>
class DelimiterSplit(Func<int, bool> isDelimiter, SplitBehavior behavior) : PreTokenizer
{
    public sealed override void Split(ReadOnlyMemory<char> piece, List<ReadOnlyMemory<char>> words)
    {
        int first = words.Count;
        bool afterDelimiter = false;
        ReadOnlySpan<char> text = piece.Span;
        int start = 0;
        for (int i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf16(text[i..], out Rune rune, out int length);
            bool delimiter = isDelimiter(rune.Value);
            bool joins = words.Count > first && Joins(delimiter, afterDelimiter);
            if (!joins) start = i;
            i += length;
            if (joins) words[^1] = piece[start..i];
            else if (!delimiter || behavior != SplitBehavior.Removed) words.Add(piece[start..i]);
            afterDelimiter = delimiter;
        }
    }

    /// <summary>Whether a code point joins the part before it.</summary>
    bool Joins(bool delimiter, bool afterDelimiter)
    {
        if (!delimiter && !afterDelimiter) return true;
        return behavior switch
        {
            SplitBehavior.Contiguous => delimiter && afterDelimiter,
            SplitBehavior.MergedWithPrevious => delimiter && !afterDelimiter,
            SplitBehavior.MergedWithNext => !delimiter && afterDelimiter,
            _ => false,
        };
    }
}
