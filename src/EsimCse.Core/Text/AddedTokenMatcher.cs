using System.Buffers;
using System.Text;

namespace EsimCse.Core.Text;

/// <summary>
/// Finds added tokens in a text: from the left, at each place the longest, as Hugging Face's library does.
/// </summary>
sealed class AddedTokenMatcher
{
    readonly SearchValues<string> _search;
    readonly Dictionary<string, AddedToken>.AlternateLookup<ReadOnlySpan<char>> _byPattern;
    readonly int[] _lengths;

    AddedTokenMatcher(Dictionary<string, AddedToken> byPattern)
    {
        _search = SearchValues.Create([.. byPattern.Keys], StringComparison.Ordinal);
        _byPattern = byPattern.GetAlternateLookup<ReadOnlySpan<char>>();
        _lengths = [.. byPattern.Keys.Select(pattern => pattern.Length).Distinct().OrderDescending()];
    }

    /// <summary>Creates a matcher of tokens by their patterns; null for no tokens.</summary>
    public static AddedTokenMatcher? Create(IEnumerable<(string Pattern, AddedToken Token)> tokens)
    {
        Dictionary<string, AddedToken> byPattern = new(StringComparer.Ordinal);
        foreach ((string pattern, AddedToken token) in tokens)
            if (pattern.Length > 0) byPattern.TryAdd(pattern, token);
        return byPattern.Count == 0 ? null : new AddedTokenMatcher(byPattern);
    }

    /// <summary>Finds the first token from a place on.</summary>
    /// <param name="text">The whole text, at whose ends nothing touches a token.</param>
    /// <param name="from">The end of the spelling of the token before, which is set to that of this token: the
    /// whitespace that a token takes may be a token too.</param>
    /// <param name="start">The end of the token before with the whitespace that it takes.</param>
    /// <param name="token">The token.</param>
    /// <param name="range">The token's place, with the whitespace that it takes.</param>
    public bool TryFind(
        ReadOnlySpan<char> text, ref int from, int start, out AddedToken token, out (int Start, int End) range)
    {
        while (text[from..].IndexOfAny(_search) is >= 0 and int next)
        {
            int begin = from + next;
            (token, int end) = LongestAt(text, begin);
            from = end;
            if (token.SingleWord && TouchesWord(text, begin, end)) continue;
            if (token.StripLeft) begin = Math.Max(start, text[..begin].TrimEnd(UnicodeTables.Whitespace).Length);
            if (token.StripRight) end = text.Length - text[end..].TrimStart(UnicodeTables.Whitespace).Length;
            range = (begin, end);
            return true;
        }
        token = null!;
        range = default;
        return false;
    }

    (AddedToken Token, int End) LongestAt(ReadOnlySpan<char> text, int begin)
    {
        foreach (int length in _lengths)
            if (begin + length <= text.Length
                && _byPattern.TryGetValue(text.Slice(begin, length), out AddedToken? token))
                return (token, begin + length);
        throw new InvalidOperationException("a match without a token");
    }

    static bool TouchesWord(ReadOnlySpan<char> text, int begin, int end)
    {
        Rune.DecodeLastFromUtf16(text[..begin], out Rune before, out _);
        Rune.DecodeFromUtf16(text[end..], out Rune after, out _);
        return begin > 0 && UnicodeTables.IsWordCharacter(before.Value)
            || end < text.Length && UnicodeTables.IsWordCharacter(after.Value);
    }
}
