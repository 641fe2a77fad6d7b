using EsimCse.Core.Text.PreTokenizers;
using Microsoft.ML.Tokenizers;

namespace EsimCse.Core.Text;

/// <summary>
/// Byte pair encoding of words that are spelled in <see cref="ByteLevel.Alphabet"/>: Sennrich, Haddow and Birch, arXiv
/// 1508.07909. A pair of adjacent tokens is merged by rank, the leftmost of a rank first.
/// </summary>
sealed class ByteLevelBpe : TokenModel
{
    /// <summary>
    /// Characters up to which a word is merged as a whole. The library takes quadratic time, and no word of a language
    /// is longer.
    /// </summary>
    public const int WindowLength = 1024;

    readonly BpeTokenizer _merger;
    readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>>? _wholeWords;
    readonly HashSet<int> _wordStarts;

    /// <param name="vocabulary">Tokens and their ids, with one for each character of the alphabet.</param>
    /// <param name="merges">Pairs of tokens by rank.</param>
    /// <param name="ignoreMerges">Whether a word of the vocabulary is one token, whatever the merges.</param>
    public ByteLevelBpe(
        IReadOnlyDictionary<string, int> vocabulary, IEnumerable<(string Left, string Right)> merges, bool ignoreMerges)
    {
        _merger = BpeTokenizer.Create(new BpeOptions(vocabulary)
        {
            Merges = merges.Select(merge => $"{merge.Left} {merge.Right}"),
        });
        if (ignoreMerges)
            _wholeWords = new Dictionary<string, int>(vocabulary, StringComparer.Ordinal)
                .GetAlternateLookup<ReadOnlySpan<char>>();
        _wordStarts = [.. from token in vocabulary where token.Key.StartsWith(ByteLevel.Space) select token.Value];
        MaxId = vocabulary.Values.Max();
    }

    public override int MaxId { get; }

    public override string WordPrefix { get; } = $"{ByteLevel.Space}";

    /// <summary>Whether a token continues a word: one that does not begin with a space.</summary>
    public override bool IsContinuation(int id) => !_wordStarts.Contains(id);

    public override void Tokenize(scoped ReadOnlySpan<char> word, ref IdBuffer ids)
    {
        if (_wholeWords is { } words && words.TryGetValue(word, out int id)) ids.Add(id);
        else if (word.Length <= WindowLength)
        {
            IReadOnlyList<int> tokens = _merger.EncodeToIds(word, false, false);
            for (int i = 0; i < tokens.Count; i++) ids.Add(tokens[i]);
        }
        else TokenizeByWindows(word, ref ids);
    }

    /// <summary>
    /// Appends the tokens of a long word, window by window. Tokens are the encoding of their text if every two
    /// neighbours are that of theirs, because a merge across a boundary would be one of two neighbours alone. Windows
    /// that share a token therefore join there into the encoding of both.
    /// </summary>
    void TokenizeByWindows(scoped ReadOnlySpan<char> word, ref IdBuffer ids)
    {
        int length = WindowLength;
        IReadOnlyList<EncodedToken> window = Encode(word[..length]);
        while (length < word.Length)
        {
            int shared = FindShared(word, window, out IReadOnlyList<EncodedToken> next);
            if (shared < 0)
            {
                length = Math.Min(word.Length, 2 * length);
                window = Encode(word[..length]);
                continue;
            }
            for (int i = 0; i < shared; i++) ids.Add(window[i].Id);
            word = word[window[shared].Offset.Start.Value..];
            length = Math.Min(word.Length, WindowLength);
            window = next;
        }
        foreach (EncodedToken token in window) ids.Add(token.Id);
    }

    /// <summary>
    /// Returns the place of a token that is also the first of the window that begins with it; -1 for none. Far from the
    /// window's end, where its tokens may be others, the first try succeeds for almost every word.
    /// </summary>
    int FindShared(
        ReadOnlySpan<char> word, IReadOnlyList<EncodedToken> window, out IReadOnlyList<EncodedToken> next)
    {
        for (int i = window.Count / 2; i > 0; i /= 2)
        {
            int start = window[i].Offset.Start.Value;
            next = Encode(word.Slice(start, Math.Min(word.Length - start, WindowLength)));
            if (next[0].Id == window[i].Id) return i;
        }
        next = [];
        return -1;
    }

    IReadOnlyList<EncodedToken> Encode(ReadOnlySpan<char> text) => _merger.EncodeToTokens(text, out _, false, false);
}
