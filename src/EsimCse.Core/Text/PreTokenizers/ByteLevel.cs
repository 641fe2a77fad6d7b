using System.Globalization;
using System.Text;
using EsimCse.Core.Files;

namespace EsimCse.Core.Text.PreTokenizers;

/// <summary>
/// Splits by GPT-2's pattern and spells each byte of UTF-8 as one character:
/// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+.
/// </summary>
/// <param name="addPrefixSpace">Whether a text that does not begin with a space gets one.</param>
/// <param name="splits">Whether it splits; else the text is one word.</param>
sealed class ByteLevel(bool addPrefixSpace, bool splits) : PreTokenizer
{
    /// <summary>The space in <see cref="Alphabet"/>.</summary>
    public const char Space = 'Ġ';

    public static readonly SettingKeys Keys = new()
    {
        Honoured = ["type", "add_prefix_space", "use_regex"],
        Harmless = ["trim_offsets"],
        IsClosed = true,
    };

    static readonly string[] Contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    /// <summary>
    /// The character of each byte: the printable ones of Latin-1 are themselves, the others follow from U+0100 on.
    /// </summary>
    public static string Alphabet { get; } = CreateAlphabet();

    enum Kind
    {
        Letter,
        Number,
        Space,
        Other,
    }

    public bool AddPrefixSpace => addPrefixSpace;

    public static ByteLevel Read(JsonSettings json)
    {
        const string key = "add_prefix_space";
        return new ByteLevel(json.Flag(key) ?? throw json.Wrong(key, "true or false"), json.Flag("use_regex") ?? true);
    }

    public override void Split(ReadOnlyMemory<char> piece, List<ReadOnlyMemory<char>> words)
    {
        ReadOnlySpan<char> text = piece.Span;
        if (addPrefixSpace && text[0] != ' ') text = $" {text}";
        char[] spelled = new char[Encoding.UTF8.GetByteCount(text)];
        int end = 0;
        while (!text.IsEmpty)
        {
            int length = splits ? FirstWord(text) : text.Length;
            int start = end;
            end += Spell(text[..length], spelled.AsSpan(start));
            words.Add(spelled.AsMemory(start..end));
            text = text[length..];
        }
    }

    /// <summary>Writes the bytes of a text in <see cref="Alphabet"/> and returns their number.</summary>
    static int Spell(ReadOnlySpan<char> text, Span<char> target)
    {
        Span<byte> utf8 = stackalloc byte[4];
        int count = 0;
        foreach (Rune rune in text.EnumerateRunes())
            foreach (byte value in utf8[..rune.EncodeToUtf8(utf8)])
                target[count++] = Alphabet[value];
        return count;
    }

    /// <summary>Returns the length of the pattern's match at the start of a text.</summary>
    static int FirstWord(ReadOnlySpan<char> text)
    {
        foreach (string contraction in text[0] == '\'' ? Contractions : [])
            if (text.StartsWith(contraction, StringComparison.Ordinal)) return contraction.Length;
        int first = text[0] == ' ' && text.Length > 1 ? 1 : 0;
        Kind kind = KindAt(text[first..], out _);
        if (kind != Kind.Space) return first + Run(text[first..], kind);
        // The last space before a word belongs to it, or is a word of its own if it is of another kind.
        int spaces = Run(text, Kind.Space);
        return spaces == text.Length ? spaces : Math.Max(1, spaces - 1);
    }

    static int Run(ReadOnlySpan<char> text, Kind kind)
    {
        int end = 0;
        while (end < text.Length && KindAt(text[end..], out int length) == kind) end += length;
        return end;
    }

    static Kind KindAt(ReadOnlySpan<char> text, out int length)
    {
        Rune.DecodeFromUtf16(text, out Rune rune, out length);
        if (UnicodeTables.IsWhitespace(rune.Value)) return Kind.Space;
        return Rune.GetUnicodeCategory(rune) switch
        {
            <= UnicodeCategory.OtherLetter => Kind.Letter,
            >= UnicodeCategory.DecimalDigitNumber and <= UnicodeCategory.OtherNumber => Kind.Number,
            _ => Kind.Other,
        };
    }

    static string CreateAlphabet()
    {
        char[] alphabet = new char[256];
        char next = '\u0100';
        for (int value = 0; value < alphabet.Length; value++)
        {
            bool isPrintable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xFF and not 0xAD);
            alphabet[value] = isPrintable ? (char)value : next++;
        }
        return new string(alphabet);
    }
}
