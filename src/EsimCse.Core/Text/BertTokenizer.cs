using System.Runtime.CompilerServices;
using System.Text;
using EsimCse.Core.Text.Normalizers;
using EsimCse.Core.Text.PreTokenizers;

namespace EsimCse.Core.Text;

/// <summary>
/// The tokenizer of BERT or RoBERTa. Its ids equal those of Hugging Face's tokenizers in every globalization mode.
/// Thread-safe.
/// </summary>
public sealed class BertTokenizer
{
    /// <summary>Ids of a text that needs no pooled memory.</summary>
    const int UsualTextIds = 512;

    readonly TokenizerSettings _settings;
    readonly TokenModel _model;
    readonly FusedWordPiece? _fused;
    readonly AddedTokenMatcher? _rawTokens;
    readonly AddedTokenMatcher? _normalizedTokens;
    readonly HashSet<int> _addedIds;
    readonly HashSet<int> _specialIds;
    readonly int[] _prefix;
    readonly int[] _suffix;

    internal BertTokenizer(TokenizerSettings settings)
    {
        _settings = settings;
        UnknownId = settings.FindId(settings.UnknownToken);
        _model = settings.CreateModel();
        _addedIds = [.. settings.AddedTokens.Select(token => token.Id!.Value)];
        _rawTokens = AddedTokenMatcher.Create(
            settings.AddedTokens.Where(token => !token.Normalized).Select(token => (token.Content, token)));
        _normalizedTokens = AddedTokenMatcher.Create(
            settings.AddedTokens.Where(token => token.Normalized).Select(token => (Normalize(token.Content), token)));
        if (settings.PreTokenizer is BertPreTokenizer && _normalizedTokens is null && _model is WordPiece wordPiece
            && FindBertNormalizer(settings.Normalizer) is { } normalizer)
            _fused = new FusedWordPiece(normalizer, wordPiece, settings.MaxInputCharsPerWord);
        _prefix = [.. settings.Template.Prefix.Select(token => token.Id)];
        _suffix = [.. settings.Template.Suffix.Select(token => token.Id)];
        MaskId = settings.FindId(settings.MaskToken);
        _specialIds = [.. FindSpecialIds(settings)];
    }

    /// <summary>Ids of the special tokens before every sentence, usually that of [CLS].</summary>
    public IReadOnlyList<int> PrefixIds => _prefix;

    /// <summary>Ids of the special tokens after every sentence, usually that of [SEP].</summary>
    public IReadOnlyList<int> SuffixIds => _suffix;

    /// <summary>Id of the mask token, usually [MASK] or &lt;mask&gt;; null where there is none.</summary>
    public int? MaskId { get; }

    /// <summary>Id of the token for unknown words, usually [UNK] or &lt;unk&gt;; null where there is none.</summary>
    public int? UnknownId { get; }

    /// <summary>One more than the highest id, added tokens included.</summary>
    public int VocabularySize => 1 + _addedIds.Append(_model.MaxId).Concat(_prefix).Concat(_suffix).Max();

    /// <summary>
    /// The <c>model_max_length</c> of tokenizer_config.json; null where the file is missing or holds no usable length.
    /// </summary>
    public int? ModelMaxLength => _settings.ModelMaxLength;

    /// <summary>Remarks on files of the tokenizer that disagree, one line each.</summary>
    public IReadOnlyList<string> Remarks => _settings.Remarks;

    internal TokenizerSettings Settings => _settings;

    bool LowerCase { get; init; }

    /// <summary>
    /// Loads a tokenizer from a folder: tokenizer.json, or else vocab.txt, or else vocab.json with merges.txt; with
    /// tokenizer_config.json, special_tokens_map.json and added_tokens.json, if any.
    /// </summary>
    /// <exception cref="InvalidInputException">
    /// These files are missing, or one of the files is not valid or states a setting that is not supported.
    /// </exception>
    public static BertTokenizer Load(string folder) => Load(folder, lowerCase: false);

    /// <summary>Loads a tokenizer that lower-cases all text first, as sentence-transformers' do_lower_case.</summary>
    /// <inheritdoc cref="Load(string)"/>
    internal static BertTokenizer Load(string folder, bool lowerCase) =>
        new(TokenizerSettings.Read(folder)) { LowerCase = lowerCase };

    /// <summary>Whether a token continues a word: "##s", and in RoBERTa's vocabulary "s", which has no "Ġ".</summary>
    public bool IsContinuation(int id) => !IsAdded(id) && _model.IsContinuation(id);

    /// <summary>Whether an id belongs to an added token; special tokens are added tokens.</summary>
    public bool IsAdded(int id) => _addedIds.Contains(id);

    /// <summary>Whether an id belongs to a special token, one for unknown words included.</summary>
    internal bool IsSpecial(int id) => _specialIds.Contains(id);

    /// <summary>Returns the id of [MASK], which an option needs.</summary>
    /// <exception cref="InvalidInputException">There is none.</exception>
    internal int RequireMaskId(string option) =>
        MaskId ?? throw new InvalidInputException($"the vocabulary has no {_settings.MaskToken}: {option} needs it");

    /// <summary>Looks up the id of a token as the vocabulary spells it, such as "cat" or "##s".</summary>
    public bool TryGetId(string token, out int id) => _settings.Vocabulary.TryGetValue(token, out id);

    /// <summary>Looks up the id of the token that is a whole word, and not the first of its text.</summary>
    internal bool TryGetWordId(string word, out int id) => TryGetId(_model.WordPrefix + word, out id);

    /// <summary>Checks that every id is a row of an embedding table.</summary>
    /// <exception cref="InvalidInputException">One is not; the message names its file and its token.</exception>
    internal void CheckFits(int rows)
    {
        if (VocabularySize <= rows) return;
        IEnumerable<(string File, string Token, int Id)> all =
        [
            .. _settings.AddedTokens.Select(token => (token.File, token.Content, token.Id!.Value)),
            .. _settings.Vocabulary.Select(token => (_settings.File, token.Key, token.Value)),
            .. _settings.Template.Prefix.Concat(_settings.Template.Suffix)
                .Select(token => (_settings.File, token.Token, token.Id)),
        ];
        (string file, string token, int id) = all.First(token => token.Id >= rows);
        throw new InvalidInputException($"{file}: token '{token}' has id {id}, config.json says vocab_size {rows}");
    }

    /// <summary>Returns the ids of a text, special tokens included, without truncation.</summary>
    [SkipLocalsInit]
    public int[] Encode(string text)
    {
        IdBuffer buffer = new(stackalloc int[UsualTextIds]);
        Encode(text, int.MaxValue, ref buffer);
        int[] ids = buffer.Ids.ToArray();
        buffer.Dispose();
        return ids;
    }

    /// <summary>Appends the ids of a text, special tokens included, to a list.</summary>
    /// <param name="text">The text.</param>
    /// <param name="maxLength">Tokens to append at most, at least 2 and at least the special tokens; a longer text is
    /// truncated, on the side that the tokenizer's files state, and keeps its special tokens.</param>
    /// <param name="ids">The list to append to.</param>
    /// <returns>Whether the text was truncated.</returns>
    [SkipLocalsInit]
    public bool Encode(ReadOnlySpan<char> text, int maxLength, List<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, Math.Max(2, _prefix.Length + _suffix.Length));
        IdBuffer buffer = new(stackalloc int[UsualTextIds]);
        bool truncated = Encode(text, maxLength, ref buffer);
        ids.AddRange(buffer.Ids);
        buffer.Dispose();
        return truncated;
    }

    /// <summary>Writes the ids of a text into an empty buffer.</summary>
    bool Encode(scoped ReadOnlySpan<char> text, int maxLength, ref IdBuffer ids)
    {
        if (LowerCase) text = TextCase.ToLower(text.ToString());
        ids.AddRange(_prefix);
        int limit = maxLength == int.MaxValue ? maxLength : maxLength - _suffix.Length;
        EncodeText(text, _settings.TruncatesLeft ? int.MaxValue : limit, ref ids);
        int excess = Math.Max(0, ids.Count - limit);
        if (_settings.TruncatesLeft) ids.RemoveRange(_prefix.Length, excess);
        else ids.Truncate(ids.Count - excess);
        ids.AddRange(_suffix);
        return excess > 0;
    }

    /// <summary>Finds the special tokens, also those that a tokenizer does not list as added ones.</summary>
    IEnumerable<int> FindSpecialIds(TokenizerSettings settings)
    {
        IEnumerable<int> added = settings.AddedTokens.Where(token => token.Special).Select(token => token.Id!.Value);
        IEnumerable<int?> named = settings.UsualSpecialTokens.Select(settings.FindId).Append(MaskId).Append(UnknownId);
        return [.. _prefix, .. _suffix, .. added, .. named.OfType<int>()];
    }

    /// <summary>Appends the ids of a text until they pass the limit.</summary>
    void EncodeText(scoped ReadOnlySpan<char> text, int limit, ref IdBuffer ids)
    {
        int from = 0, start = 0;
        while (_rawTokens is not null && ids.Count <= limit
            && _rawTokens.TryFind(text, ref from, start, out AddedToken token, out (int Start, int End) range))
        {
            EncodePiece(text[start..Math.Max(start, range.Start)], limit, ref ids);
            ids.Add(token.Id!.Value);
            start = range.End;
        }
        if (ids.Count <= limit) EncodePiece(text[start..], limit, ref ids);
    }

    void EncodePiece(scoped ReadOnlySpan<char> text, int limit, ref IdBuffer ids)
    {
        int before = ids.Count;
        if (_fused is not null && _fused.TryEncode(text, limit, ref ids)) return;
        ids.Truncate(before);
        EncodeByComponents(text.ToString(), limit, ref ids);
    }

    /// <summary>
    /// Appends the ids of a text without raw tokens until they pass the limit, one component of the tokenizer after the
    /// other.
    /// </summary>
    void EncodeByComponents(string text, int limit, ref IdBuffer ids)
    {
        string normalized = Normalize(text);
        int from = 0, start = 0;
        while (_normalizedTokens is not null && _normalizedTokens.TryFind(
            normalized, ref from, start, out AddedToken token, out (int Start, int End) range))
        {
            SplitIntoWords(normalized.AsMemory(start..Math.Max(start, range.Start)), limit, ref ids);
            ids.Add(token.Id!.Value);
            start = range.End;
        }
        SplitIntoWords(normalized.AsMemory(start), limit, ref ids);
    }

    void SplitIntoWords(ReadOnlyMemory<char> text, int limit, ref IdBuffer ids)
    {
        if (text.IsEmpty) return;
        List<ReadOnlyMemory<char>> words = [];
        if (_settings.PreTokenizer is null) words.Add(text);
        else _settings.PreTokenizer.Split(text, words);
        foreach (ReadOnlyMemory<char> word in words)
        {
            if (ids.Count > limit) return;
            EncodeWord(word.Span, ref ids);
        }
    }

    void EncodeWord(scoped ReadOnlySpan<char> word, ref IdBuffer ids)
    {
        if (_model is WordPiece && CountRunes(word) > _settings.MaxInputCharsPerWord) ids.Add(UnknownId!.Value);
        else _model.Tokenize(word, ref ids);
    }

    static int CountRunes(ReadOnlySpan<char> word)
    {
        int count = 0;
        foreach (Rune _ in word.EnumerateRunes()) count++;
        return count;
    }

    string Normalize(string text) => _settings.Normalizer?.Apply(text) ?? text;

    /// <summary>
    /// Returns the BertNormalizer that a normalizer amounts to; null for none. Lower-casing before one that lower-cases
    /// changes nothing.
    /// </summary>
    static BertNormalizer? FindBertNormalizer(Normalizer? normalizer)
    {
        Normalizer[] steps = [.. normalizer?.Steps ?? []];
        bool onlyLowercaseBefore = steps.SkipLast(1).All(step => step is Lowercase);
        if (steps is not [.., BertNormalizer bert] || !onlyLowercaseBefore) return null;
        return bert.Lowercase || steps.Length == 1 ? bert : null;
    }
}
