namespace EsimCse.Core.Text;

/// <summary>The WordPiece model: splits a word into the tokens of a vocabulary, longest match first.</summary>
sealed class WordPiece : TokenModel
{
    readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _wordStarts;
    readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _continuations;
    readonly HashSet<int> _continuationIds = [];
    readonly int _unknownId;
    readonly int _longestToken;

    /// <param name="vocabulary">Tokens and their ids.</param>
    /// <param name="prefix">Prefix of the tokens that continue a word, "##"; empty if they are spelled like the
    /// others.</param>
    /// <param name="unknownId">The id of words with a part that matches no token.</param>
    public WordPiece(IReadOnlyDictionary<string, int> vocabulary, string prefix, int unknownId)
    {
        _unknownId = unknownId;
        Dictionary<string, int> wordStarts = new(StringComparer.Ordinal);
        Dictionary<string, int> continuations = new(StringComparer.Ordinal);
        MaxId = vocabulary.Values.DefaultIfEmpty(-1).Max();
        foreach ((string token, int id) in vocabulary)
        {
            _longestToken = Math.Max(_longestToken, token.Length);
            wordStarts[token] = id;
            if (prefix.Length == 0 || !token.StartsWith(prefix, StringComparison.Ordinal)) continue;
            continuations[token[prefix.Length..]] = id;
            _continuationIds.Add(id);
        }
        _wordStarts = wordStarts.GetAlternateLookup<ReadOnlySpan<char>>();
        _continuations = (prefix.Length == 0 ? wordStarts : continuations).GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public override int MaxId { get; }

    public override string WordPrefix => "";

    public override bool IsContinuation(int id) => _continuationIds.Contains(id);

    /// <summary>
    /// Appends the tokens of a word, from the left, the longest match each time. A word with a part that matches no
    /// token becomes the unknown token as a whole.
    /// </summary>
    public override void Tokenize(ReadOnlySpan<char> word, List<int> ids)
    {
        int before = ids.Count;
        int start = 0;
        while (start < word.Length)
        {
            var tokens = start == 0 ? _wordStarts : _continuations;
            int end = Math.Min(word.Length, start + _longestToken);
            int id = -1;
            while (end > start && !tokens.TryGetValue(word[start..end], out id)) end--;
            if (end == start)
            {
                ids.RemoveRange(before, ids.Count - before);
                ids.Add(_unknownId);
                return;
            }
            ids.Add(id);
            start = end;
        }
    }
}
