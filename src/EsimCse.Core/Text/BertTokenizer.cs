using System.Buffers;
using System.Text;

namespace EsimCse.Core.Text;

/// <summary>
/// BERT's tokenizer. Its ids equal those of Hugging Face's tokenizers in every globalization mode. Thread-safe.
/// </summary>
public sealed class BertTokenizer
{
    readonly TokenizerSettings _settings;
    readonly WordPiece _wordPiece;
    readonly SearchValues<string>? _addedTokenSearch;
    readonly KeyValuePair<string, int>[] _addedTokensLongestFirst;

    internal BertTokenizer(TokenizerSettings settings, string folder)
    {
        _settings = settings;
        _wordPiece = new WordPiece(settings.Vocabulary, settings.ContinuingSubwordPrefix);
        _addedTokensLongestFirst = [.. settings.AddedTokens.OrderByDescending(token => token.Key.Length)];
        if (_addedTokensLongestFirst.Length > 0)
            _addedTokenSearch = SearchValues.Create([.. settings.AddedTokens.Keys], StringComparison.Ordinal);
        UnknownId = Require(settings.UnknownToken);
        ClsId = Require("[CLS]");
        SepId = Require("[SEP]");
        MaskId = Require("[MASK]");

        int Require(string token)
        {
            if (settings.AddedTokens.TryGetValue(token, out int id)) return id;
            if (settings.Vocabulary.TryGetValue(token, out id)) return id;
            throw new InvalidInputException($"{folder}: the tokenizer has no token {token}");
        }
    }

    /// <summary>Id of [CLS], the first token of every sentence.</summary>
    public int ClsId { get; }

    /// <summary>Id of [SEP], the last token of every sentence.</summary>
    public int SepId { get; }

    /// <summary>Id of [MASK].</summary>
    public int MaskId { get; }

    /// <summary>Id of the token for unknown words, usually [UNK].</summary>
    public int UnknownId { get; }

    /// <summary>One more than the highest id, added tokens included.</summary>
    public int VocabularySize =>
        Math.Max(_wordPiece.Size, _settings.AddedTokens.Values.DefaultIfEmpty(-1).Max() + 1);

    /// <summary>
    /// The <c>model_max_length</c> of tokenizer_config.json; null where the file is missing or holds no usable length.
    /// </summary>
    public int? ModelMaxLength => _settings.ModelMaxLength;

    internal TokenizerSettings Settings => _settings;

    /// <summary>
    /// Loads a tokenizer from a folder: tokenizer.json, or else vocab.txt with the flags of tokenizer_config.json, if
    /// any.
    /// </summary>
    /// <exception cref="InvalidInputException">Both files are missing, or one of the files is not valid.</exception>
    public static BertTokenizer Load(string folder) => new(TokenizerSettings.Read(folder), folder);

    /// <summary>Whether a token continues a word ("##s").</summary>
    public bool IsContinuation(int id) => _wordPiece.IsContinuation(id);

    /// <summary>Whether an id belongs to an added token; special tokens are added tokens.</summary>
    public bool IsAdded(int id) => _addedTokensLongestFirst.Any(token => token.Value == id);

    /// <summary>Looks up the id of a token as the vocabulary spells it, such as "cat" or "##s".</summary>
    public bool TryGetId(string token, out int id) => _settings.Vocabulary.TryGetValue(token, out id);

    /// <summary>Returns the ids of a text, [CLS] and [SEP] included, without truncation.</summary>
    public int[] Encode(string text)
    {
        List<int> ids = [];
        Encode(text, int.MaxValue, ids);
        return [.. ids];
    }

    /// <summary>Appends the ids of a text, [CLS] and [SEP] included, to a list.</summary>
    /// <param name="text">The text.</param>
    /// <param name="maxLength">Tokens to append at most, at least 2; a longer text is truncated and keeps its
    /// [SEP].</param>
    /// <param name="ids">The list to append to.</param>
    /// <returns>Whether the text was truncated.</returns>
    public bool Encode(ReadOnlySpan<char> text, int maxLength, List<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 2);
        int first = ids.Count;
        ids.Add(ClsId);
        int limit = maxLength == int.MaxValue ? maxLength : first + maxLength - 1;
        while (!text.IsEmpty && ids.Count <= limit)
        {
            int next = _addedTokenSearch is null ? -1 : text.IndexOfAny(_addedTokenSearch);
            EncodeWords(next < 0 ? text : text[..next], limit, ids);
            if (next < 0) break;
            text = AppendAddedToken(text[next..], ids);
        }
        bool truncated = ids.Count > limit;
        if (truncated) ids.RemoveRange(limit, ids.Count - limit);
        ids.Add(SepId);
        return truncated;
    }

    /// <summary>Appends the longest added token that the text starts with and returns the text after it.</summary>
    ReadOnlySpan<char> AppendAddedToken(ReadOnlySpan<char> text, List<int> ids)
    {
        foreach ((string token, int id) in _addedTokensLongestFirst)
        {
            if (!text.StartsWith(token, StringComparison.Ordinal)) continue;
            ids.Add(id);
            return text[token.Length..];
        }
        return text;
    }

    /// <summary>
    /// Appends the ids of text that holds no added token: normalizer, pre-tokenizer and WordPiece in one pass.
    /// </summary>
    void EncodeWords(ReadOnlySpan<char> text, int limit, List<int> ids)
    {
        // Room for one code point more than the longest word, in surrogate pairs, and the images of one character.
        Span<char> buffer = stackalloc char[2 * Math.Min(_settings.MaxInputCharsPerWord, 1000) + 32];
        WordBuffer word = new(buffer, _settings.MaxInputCharsPerWord);
        while (!text.IsEmpty && ids.Count <= limit)
        {
            char ascii = text[0];
            if (char.IsAsciiLetterOrDigit(ascii))
            {
                bool toLower = _settings.Lowercase && char.IsAsciiLetterUpper(ascii);
                word.Add(toLower ? (char)(ascii | 0x20) : ascii);
                text = text[1..];
                continue;
            }
            Rune.DecodeFromUtf16(text, out Rune rune, out int consumed);
            text = text[consumed..];
            Normalize(rune.Value, ref word, ids);
        }
        EndWord(ref word, ids);
    }

    /// <summary>Applies BertNormalizer to one code point and passes its images on to the pre-tokenizer.</summary>
    void Normalize(int code, ref WordBuffer word, List<int> ids)
    {
        if (_settings.CleanText && (code is 0 or 0xFFFD || UnicodeTables.IsControl(code))) return;
        bool isolated = _settings.TokenizeChineseChars && UnicodeTables.IsIdeograph(code);
        if (isolated) EndWord(ref word, ids);
        Span<int> stripped = stackalloc int[4];
        Span<int> lowered = stackalloc int[4];
        int strippedCount = 1;
        if (_settings.StripAccents && code >= 0x80) strippedCount = UnicodeTables.StripAccents(code, stripped);
        else stripped[0] = code;
        foreach (int part in stripped[..strippedCount])
        {
            int count = 1;
            if (_settings.Lowercase && part >= 0x80) count = UnicodeTables.ToLower(part, lowered);
            else lowered[0] = _settings.Lowercase && part is >= 'A' and <= 'Z' ? part + 32 : part;
            foreach (int image in lowered[..count]) Append(image, ref word, ids);
        }
        if (isolated) EndWord(ref word, ids);
    }

    /// <summary>Applies BertPreTokenizer: whitespace ends a word, punctuation is a word of its own.</summary>
    void Append(int code, ref WordBuffer word, List<int> ids)
    {
        if (UnicodeTables.IsWhitespace(code))
        {
            EndWord(ref word, ids);
            return;
        }
        bool isolated = UnicodeTables.IsPunctuation(code);
        if (isolated) EndWord(ref word, ids);
        word.Add(new Rune(code));
        if (isolated) EndWord(ref word, ids);
    }

    void EndWord(ref WordBuffer word, List<int> ids)
    {
        if (word.IsEmpty) return;
        if (word.IsTooLong) ids.Add(UnknownId);
        else _wordPiece.Tokenize(word.Text, UnknownId, ids);
        word.Clear();
    }
}
