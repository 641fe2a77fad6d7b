using System.Text;

namespace EsimCse.Core.Text.PreTokenizers;

/// <summary>Splits text at single code points, as Hugging Face's NormalizedString does.</summary>
static class Delimiters
{
    /// <summary>Appends the parts of a piece of a text; none is empty.</summary>
    public static void Split(
        string text, Range piece, Func<int, bool> isDelimiter, SplitBehavior behavior, List<Range> parts)
    {
        int first = parts.Count;
        int end = piece.End.Value;
        bool afterDelimiter = false;
        for (int i = piece.Start.Value; i < end;)
        {
            Rune.DecodeFromUtf16(text.AsSpan(i, end - i), out Rune rune, out int length);
            bool delimiter = isDelimiter(rune.Value);
            if (parts.Count > first && Joins(behavior, delimiter, afterDelimiter))
                parts[^1] = parts[^1].Start..(i + length);
            else if (!delimiter || behavior != SplitBehavior.Removed)
                parts.Add(i..(i + length));
            afterDelimiter = delimiter;
            i += length;
        }
    }

    /// <summary>Whether a code point joins the part before it.</summary>
    static bool Joins(SplitBehavior behavior, bool delimiter, bool afterDelimiter)
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
