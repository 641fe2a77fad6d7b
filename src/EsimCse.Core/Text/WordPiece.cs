using System.Buffers;
using System.Text;

namespace EsimCse.Core.Text;

/// <summary>The WordPiece model: splits a word into the tokens of a vocabulary, longest match first.</summary>
sealed class WordPiece : TokenModel
{
    /// <summary>Bytes of the longest word in UTF-8 that needs no pooled memory.</summary>
    const int UsualWordLength = 256;

    readonly TokenTable _tokens;
    readonly HashSet<int> _continuationIds = [];
    readonly int _continuation;

    /// <param name="vocabulary">Tokens and their ids.</param>
    /// <param name="prefix">Prefix of the tokens that continue a word, "##"; empty if they are spelled like the
    /// others.</param>
    /// <param name="unknownId">The id of words with a part that matches no token.</param>
    public WordPiece(IReadOnlyDictionary<string, int> vocabulary, string prefix, int unknownId)
    {
        UnknownId = unknownId;
        _tokens = new TokenTable(vocabulary.Count);
        MaxId = vocabulary.Values.DefaultIfEmpty(-1).Max();
        _continuation = prefix.Length == 0 ? TokenTable.WordStart : TokenTable.Continuation;
        foreach ((string token, int id) in vocabulary)
        {
            _tokens.Add(token, TokenTable.WordStart, id);
            if (prefix.Length == 0 || !token.StartsWith(prefix, StringComparison.Ordinal)) continue;
            _tokens.Add(token.AsSpan(prefix.Length), TokenTable.Continuation, id);
            _continuationIds.Add(id);
        }
    }

    public override int MaxId { get; }

    public override string WordPrefix => "";

    /// <summary>The id of words with a part that matches no token.</summary>
    public int UnknownId { get; }

    /// <summary>The tokens in UTF-8.</summary>
    public TokenTable Tokens => _tokens;

    public override bool IsContinuation(int id) => _continuationIds.Contains(id);

    /// <summary>
    /// Appends the tokens of a word, from the left, the longest match each time. A word with a part that matches no
    /// token becomes the unknown token as a whole.
    /// </summary>
    public override void Tokenize(scoped ReadOnlySpan<char> word, ref IdBuffer ids)
    {
        int capacity = Encoding.UTF8.GetMaxByteCount(word.Length) + TokenTable.KeyLength;
        byte[]? rented = capacity > UsualWordLength ? ArrayPool<byte>.Shared.Rent(capacity) : null;
        Span<byte> utf8 = rented ?? stackalloc byte[UsualWordLength];
        int length = Encoding.UTF8.GetBytes(word, utf8);
        Tokenize(utf8, length, ref ids);
        if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
    }

    /// <summary>Appends the tokens of a word in UTF-8.</summary>
    /// <param name="word">The word, and at least <see cref="TokenTable.KeyLength"/> bytes of any value.</param>
    /// <param name="length">Bytes of the word.</param>
    /// <param name="ids">The ids to append to.</param>
    public void Tokenize(scoped ReadOnlySpan<byte> word, int length, ref IdBuffer ids)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, word.Length - TokenTable.KeyLength);
        int before = ids.Count;
        int node = TokenTable.WordStart;
        for (int start = 0, matched; start < length; start += matched, node = _continuation)
        {
            matched = _tokens.FindLongest(in word[start], length - start, node, out int id);
            if (matched == 0)
            {
                ids.Truncate(before);
                ids.Add(UnknownId);
                return;
            }
            ids.Add(id);
        }
    }
}
