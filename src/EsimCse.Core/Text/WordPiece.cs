namespace EsimCse.Core.Text;

/// <summary>Pieces and their ids. A piece that continues a word starts with a prefix, "##", in its written form.</summary>
sealed class WordPiece
{
    readonly Dictionary<string, int> _starts = new(StringComparer.Ordinal), _continuations = new(StringComparer.Ordinal);
    readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _startLookup, _continuationLookup;
    readonly bool[] _continues;
    readonly int _longest;

    public WordPiece(IReadOnlyDictionary<string, int> pieces, string prefix)
    {
        Pieces = pieces;
        Size = pieces.Values.DefaultIfEmpty(-1).Max() + 1;
        _continues = new bool[Size];
        foreach ((string piece, int id) in pieces)
        {
            _longest = Math.Max(_longest, piece.Length);
            _starts[piece] = id;
            if (prefix.Length == 0 || !piece.StartsWith(prefix, StringComparison.Ordinal)) continue;
            _continuations[piece[prefix.Length..]] = id;
            _continues[id] = true;
        }
        _startLookup = _starts.GetAlternateLookup<ReadOnlySpan<char>>();
        _continuationLookup = (prefix.Length == 0 ? _starts : _continuations).GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>All pieces as they are written.</summary>
    public IReadOnlyDictionary<string, int> Pieces { get; }

    /// <summary>One more than the highest id.</summary>
    public int Size { get; }

    public bool Continues(int id) => (uint)id < (uint)_continues.Length && _continues[id];

    /// <summary>The longest pieces first, from the left; a word of which some part is no piece is unknown as a whole.</summary>
    public void Tokenize(ReadOnlySpan<char> word, int unknown, List<int> ids)
    {
        int before = ids.Count;
        for (int start = 0; start < word.Length;)
        {
            Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> lookup = start == 0 ? _startLookup : _continuationLookup;
            int end = Math.Min(word.Length, start + _longest), id = -1;
            while (end > start && !lookup.TryGetValue(word[start..end], out id)) end--;
            if (end == start)
            {
                ids.RemoveRange(before, ids.Count - before);
                ids.Add(unknown);
                return;
            }
            ids.Add(id);
            start = end;
        }
    }
}
