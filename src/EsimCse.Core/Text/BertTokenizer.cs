using System.Buffers;
using System.Text;

namespace EsimCse.Core.Text;

/// <summary>BERT's tokenizer, equal to Hugging Face's token for token, in every globalization mode. Safe for use by several threads.</summary>
public sealed class BertTokenizer
{
    readonly TokenizerSettings _settings;
    readonly WordPiece _vocabulary;
    readonly SearchValues<string>? _added;
    readonly KeyValuePair<string, int>[] _addedByLength;

    internal BertTokenizer(TokenizerSettings settings, string folder)
    {
        _settings = settings;
        _vocabulary = new WordPiece(settings.Pieces, settings.ContinuingSubwordPrefix);
        _addedByLength = [.. settings.AddedTokens.OrderByDescending(token => token.Key.Length)];
        _added = _addedByLength.Length == 0 ? null : SearchValues.Create([.. settings.AddedTokens.Keys], StringComparison.Ordinal);
        UnknownId = Special(settings.Unknown);
        ClsId = Special("[CLS]");
        SepId = Special("[SEP]");
        MaskId = Special("[MASK]");
        int Special(string token) => settings.AddedTokens.TryGetValue(token, out int id) || settings.Pieces.TryGetValue(token, out id) ? id
            : throw new InvalidInputException($"{folder}: the tokenizer has no token {token}");
    }

    /// <summary>Id of [CLS], which starts every sentence.</summary>
    public int ClsId { get; }

    /// <summary>Id of [SEP], which ends every sentence.</summary>
    public int SepId { get; }

    /// <summary>Id of [MASK].</summary>
    public int MaskId { get; }

    /// <summary>Id of the token for unknown words.</summary>
    public int UnknownId { get; }

    /// <summary>One more than the highest id.</summary>
    public int VocabularySize => Math.Max(_vocabulary.Size, _settings.AddedTokens.Values.DefaultIfEmpty(-1).Max() + 1);

    /// <summary>model_max_length of tokenizer_config.json, where it states a real one.</summary>
    public int? ModelMaxLength => _settings.ModelMaxLength;

    internal TokenizerSettings Settings => _settings;

    /// <summary>Reads tokenizer.json, or vocab.txt with tokenizer_config.json, or vocab.txt alone.</summary>
    /// <exception cref="InvalidInputException">None of them is there, or one of them is not what it must be.</exception>
    public static BertTokenizer Load(string folder) => new(TokenizerSettings.Read(folder), folder);

    /// <summary>Whether a piece continues a word.</summary>
    public bool IsContinuation(int id) => _vocabulary.Continues(id);

    /// <summary>Whether an id is that of a special or otherwise added token.</summary>
    public bool IsAdded(int id) => _addedByLength.Any(token => token.Value == id);

    /// <summary>The id of a piece as the vocabulary writes it.</summary>
    public bool TryGetId(string piece, out int id) => _settings.Pieces.TryGetValue(piece, out id);

    /// <summary>The ids of a text with [CLS] and [SEP], whole.</summary>
    public int[] Encode(string text)
    {
        List<int> ids = [];
        Encode(text, int.MaxValue, ids);
        return [.. ids];
    }

    /// <summary>Appends the ids of a text with [CLS] and [SEP], at most <paramref name="maxLength"/> of them, which is at least 2. True if some were cut off.</summary>
    public bool Encode(ReadOnlySpan<char> text, int maxLength, List<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 2);
        int first = ids.Count;
        ids.Add(ClsId);
        int limit = maxLength == int.MaxValue ? maxLength : first + maxLength - 1;
        while (!text.IsEmpty && ids.Count <= limit)
        {
            int found = _added is null ? -1 : text.IndexOfAny(_added);
            EncodePlain(found < 0 ? text : text[..found], limit, ids);
            if (found < 0) break;
            text = text[found..];
            foreach ((string token, int id) in _addedByLength)
                if (text.StartsWith(token, StringComparison.Ordinal))
                {
                    ids.Add(id);
                    text = text[token.Length..];
                    break;
                }
        }
        bool cut = ids.Count > limit;
        if (cut) ids.RemoveRange(limit, ids.Count - limit);
        ids.Add(SepId);
        return cut;
    }

    void EncodePlain(ReadOnlySpan<char> text, int limit, List<int> ids)
    {
        // One more than the longest word that is looked up, in surrogate pairs, and the images of one character.
        Span<char> buffer = stackalloc char[2 * Math.Min(_settings.MaxInputCharsPerWord, 1000) + 32];
        WordBuffer word = new(buffer, _settings.MaxInputCharsPerWord);
        while (!text.IsEmpty && ids.Count <= limit)
        {
            char ascii = text[0];
            if (char.IsAsciiLetterOrDigit(ascii))
            {
                word.Add(_settings.Lowercase ? (char)(ascii | (char.IsAsciiLetterUpper(ascii) ? 0x20 : 0)) : ascii);
                text = text[1..];
                continue;
            }
            Rune.DecodeFromUtf16(text, out Rune rune, out int consumed);
            text = text[consumed..];
            Normalize(rune.Value, ref word, ids);
        }
        Finish(ref word, ids);
    }

    void Normalize(int code, ref WordBuffer word, List<int> ids)
    {
        if (_settings.CleanText && (code is 0 or 0xFFFD || UnicodeTables.IsControl(code))) return;
        bool apart = _settings.TokenizeChineseChars && UnicodeTables.IsIdeograph(code);
        if (apart) Finish(ref word, ids);
        Span<int> stripped = stackalloc int[4], lowered = stackalloc int[4];
        int strippedCount = 1;
        if (_settings.StripAccents && code >= 0x80) strippedCount = UnicodeTables.StripAccents(code, stripped);
        else stripped[0] = code;
        foreach (int part in stripped[..strippedCount])
        {
            int count = 1;
            if (_settings.Lowercase && part >= 0x80) count = UnicodeTables.ToLower(part, lowered);
            else lowered[0] = _settings.Lowercase && part is >= 'A' and <= 'Z' ? part + 32 : part;
            foreach (int final in lowered[..count]) Append(final, ref word, ids);
        }
        if (apart) Finish(ref word, ids);
    }

    void Append(int code, ref WordBuffer word, List<int> ids)
    {
        if (UnicodeTables.IsWhitespace(code)) Finish(ref word, ids);
        else if (UnicodeTables.IsPunctuation(code))
        {
            Finish(ref word, ids);
            word.Add(new Rune(code));
            Finish(ref word, ids);
        }
        else word.Add(new Rune(code));
    }

    void Finish(ref WordBuffer word, List<int> ids)
    {
        if (word.IsEmpty) return;
        if (word.IsTooLong) ids.Add(UnknownId);
        else _vocabulary.Tokenize(word.Text, UnknownId, ids);
        word.Clear();
    }

    /// <summary>The word under way, counted in code points; what passes the longest that is looked up is counted alone.</summary>
    ref struct WordBuffer(Span<char> buffer, int longest)
    {
        readonly Span<char> _buffer = buffer;
        int _length, _count;

        public readonly bool IsEmpty => _count == 0;

        public readonly bool IsTooLong => _count > longest || _length > _buffer.Length - 2;

        public readonly ReadOnlySpan<char> Text => _buffer[.._length];

        public void Add(char ascii)
        {
            _count++;
            if (!IsTooLong) _buffer[_length++] = ascii;
        }

        public void Add(Rune rune)
        {
            _count++;
            if (!IsTooLong) _length += rune.EncodeToUtf16(_buffer[_length..]);
        }

        public void Clear() => (_length, _count) = (0, 0);
    }
}
