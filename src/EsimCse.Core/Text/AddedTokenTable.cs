namespace EsimCse.Core.Text;

/// <summary>The added tokens that a tokenizer's files state, with one id for each.</summary>
/// <param name="vocabulary">The vocabulary.</param>
sealed class AddedTokenTable(IReadOnlyDictionary<string, int> vocabulary)
{
    readonly Dictionary<string, AddedToken> _byContent = new(StringComparer.Ordinal);
    readonly Dictionary<int, AddedToken> _byId = [];
    readonly List<string> _remarks = [];
    int _next = vocabulary.Count;

    /// <summary>The tokens, in the order in which they were added.</summary>
    public IReadOnlyCollection<AddedToken> Tokens => _byContent.Values;

    /// <summary>Remarks on files that disagree, one line each.</summary>
    public IReadOnlyList<string> Remarks => _remarks;

    /// <summary>
    /// Adds a token. Without an id it has that of the vocabulary, else the next free one, as in Hugging Face's library.
    /// The first file that states a token holds; a later one that says otherwise leaves a remark.
    /// </summary>
    /// <exception cref="InvalidInputException">
    /// The id is another token's, or a file states two ids, or another one than the vocabulary.
    /// </exception>
    public void Add(AddedToken token)
    {
        if (token.Content.Length == 0) return;
        if (_byContent.TryGetValue(token.Content, out AddedToken? known))
        {
            CheckRepeated(known, token);
            return;
        }
        bool inVocabulary = vocabulary.TryGetValue(token.Content, out int listed);
        if (inVocabulary && token.Id is { } stated && stated != listed)
            throw Wrong(token, $"found id {stated}, the vocabulary has {listed}");
        int id = token.Id ?? (inVocabulary ? listed : _next);
        AddedToken added = token with { Id = id };
        if (!_byId.TryAdd(id, added)) throw Wrong(token, $"found id {id}, which is that of '{_byId[id].Content}'");
        _byContent.Add(token.Content, added);
        if (id >= _next) _next = checked(id + 1);
    }

    void CheckRepeated(AddedToken known, AddedToken token)
    {
        bool sameId = token.Id is null || token.Id == known.Id;
        if (!sameId && token.File == known.File)
            throw Wrong(token, $"found ids {known.Id} and {token.Id}, expected one");
        if (sameId && (token.HasDefaultFlags || token.IsFoundLike(known))) return;
        string difference = sameId ? "other flags" : $"id {token.Id}";
        _remarks.Add(
            $"{token.File}: token '{token.Content}': found {difference}: {Path.GetFileName(known.File)} is followed");
    }

    static InvalidInputException Wrong(AddedToken token, string problem) =>
        new($"{token.File}: added token '{token.Content}': {problem}");
}
