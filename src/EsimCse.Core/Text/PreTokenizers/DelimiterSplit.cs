using System.Text;

namespace EsimCse.Core.Text.PreTokenizers;

/// <summary>Splits text at single code points, as Hugging Face's NormalizedString does.</summary>
class DelimiterSplit(Func<int, bool> isDelimiter, SplitBehavior behavior) : PreTokenizer
{
    public sealed override void Split(string text, Range piece, List<Range> words)
    {
        int first = words.Count;
        int end = piece.End.Value;
        bool afterDelimiter = false;
        for (int i = piece.Start.Value; i < end;)
        {
            Rune.DecodeFromUtf16(text.AsSpan(i, end - i), out Rune rune, out int length);
            bool delimiter = isDelimiter(rune.Value);
            if (words.Count > first && Joins(delimiter, afterDelimiter))
                words[^1] = words[^1].Start..(i + length);
            else if (!delimiter || behavior != SplitBehavior.Removed)
                words.Add(i..(i + length));
            afterDelimiter = delimiter;
            i += length;
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
