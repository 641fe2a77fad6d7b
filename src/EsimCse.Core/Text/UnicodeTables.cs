using System.Globalization;

namespace EsimCse.Core.Text;

/// <summary>
/// The Unicode properties that the tokenizer needs, equal in every globalization mode: tables embedded in the
/// assembly, and the general categories, which the runtime carries itself.
/// </summary>
static class UnicodeTables
{
    // Arithmetic decomposition of Hangul syllables: Unicode Standard, section 3.12.
    const int HangulBase = 0xAC00;
    const int HangulEnd = 0xD7A3;
    const int LeadBase = 0x1100;
    const int VowelBase = 0x1161;
    const int TailBase = 0x11A7;
    const int VowelCount = 21;
    const int TailCount = 28;

    static readonly Dictionary<int, int[]> Stripped = [];
    static readonly Dictionary<int, int[]> Lowered = [];

    static UnicodeTables()
    {
        using Stream resource = typeof(UnicodeTables).Assembly.GetManifestResourceStream("unicode-tables.bin")!;
        using BinaryReader reader = new(resource);
        ReadTable(reader, Stripped);
        ReadTable(reader, Lowered);
    }

    /// <summary>
    /// Writes the canonical decomposition of a code point without nonspacing marks, up to 4 code points, and returns
    /// their number.
    /// </summary>
    public static int StripAccents(int code, Span<int> target)
    {
        if (code is >= HangulBase and <= HangulEnd)
        {
            int index = code - HangulBase;
            int tail = index % TailCount;
            target[0] = LeadBase + index / (VowelCount * TailCount);
            target[1] = VowelBase + index % (VowelCount * TailCount) / TailCount;
            target[2] = TailBase + tail;
            return tail == 0 ? 2 : 3;
        }
        return Image(Stripped, code, target);
    }

    /// <summary>
    /// Writes the full lower-case mapping of a code point, up to 4 code points, and returns their number.
    /// </summary>
    public static int ToLower(int code, Span<int> target)
    {
        if (code >= 0x80) return Image(Lowered, code, target);
        target[0] = code is >= 'A' and <= 'Z' ? code + ('a' - 'A') : code;
        return 1;
    }

    /// <summary>Whether a code point has the property White_Space.</summary>
    public static bool IsWhitespace(int code) => code
        is 0x20 or (>= 0x09 and <= 0x0D) or 0x85 or 0xA0 or 0x1680
        or (>= 0x2000 and <= 0x200A) or 0x2028 or 0x2029 or 0x202F or 0x205F or 0x3000;

    /// <summary>The code points of property White_Space, all of which are single characters.</summary>
    public static ReadOnlySpan<char> Whitespace =>
        "\t\n\v\f\r \u0085\u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A" +
        "\u2028\u2029\u202F\u205F\u3000";

    /// <summary>Whether a code point is a mark (category M).</summary>
    public static bool IsMark(int code) => CharUnicodeInfo.GetUnicodeCategory(code)
        is >= UnicodeCategory.NonSpacingMark and <= UnicodeCategory.EnclosingMark;

    /// <summary>Whether a code point is a number (category N).</summary>
    public static bool IsNumeric(int code) => CharUnicodeInfo.GetUnicodeCategory(code)
        is >= UnicodeCategory.DecimalDigitNumber and <= UnicodeCategory.OtherNumber;

    /// <summary>
    /// Whether a code point is matched by \w of Unicode's regular expressions (UTS 18): alphabetic, a mark, a decimal
    /// digit, connecting punctuation or a join control.
    /// </summary>
    public static bool IsWordCharacter(int code) => CharUnicodeInfo.GetUnicodeCategory(code) switch
    {
        <= UnicodeCategory.LetterNumber => true,
        UnicodeCategory.ConnectorPunctuation => true,
        UnicodeCategory.OtherSymbol => IsCircledLetter(code),
        _ => code is 0x200C or 0x200D,
    };

    /// <summary>
    /// Whether canonical decomposition may move a code point that accent stripping keeps: one with a combining class
    /// that is no nonspacing mark.
    /// </summary>
    public static bool IsReordered(int code) => code >= 0x1715 && code
        is 0x1715 or 0x1734 or 0x1B44 or 0x1BAA or 0x1BF2 or 0x1BF3 or 0x302E or 0x302F or 0xA953 or 0xA9C0
        or 0x111C0 or 0x11235 or 0x1134D or 0x116B6 or 0x1193D or 0x16FF0 or 0x16FF1
        or 0x1D165 or 0x1D166 or (>= 0x1D16D and <= 0x1D172);

    /// <summary>Whether a code point is of category Cc, Cf or Co, tab and line ends excepted.</summary>
    public static bool IsControl(int code)
    {
        if (code is 0x09 or 0x0A or 0x0D) return false;
        UnicodeCategory category = CharUnicodeInfo.GetUnicodeCategory(code);
        return category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse;
    }

    /// <summary>Whether a code point is an ASCII symbol, or of a category P*.</summary>
    public static bool IsPunctuation(int code)
    {
        if (code < 0x80)
            return code is (>= 33 and <= 47) or (>= 58 and <= 64) or (>= 91 and <= 96) or (>= 123 and <= 126);
        UnicodeCategory category = CharUnicodeInfo.GetUnicodeCategory(code);
        return category is >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherPunctuation
            && !IsNewerPunctuation(code);
    }

    /// <summary>
    /// Whether a code point is punctuation since Unicode 9, which the category tables of Hugging Face's tokenizers
    /// lack.
    /// </summary>
    static bool IsNewerPunctuation(int code) => code
        is 0x61D or 0x9FD or 0xA76 or 0xC77 or 0xC84 or 0x1B4E or 0x1B4F or (>= 0x1B7D and <= 0x1B7F)
        or (>= 0x2E43 and <= 0x2E5D)
        or 0x10EAD or (>= 0x10F55 and <= 0x10F59) or (>= 0x10F86 and <= 0x10F89)
        or (>= 0x1144B and <= 0x1145D) or (>= 0x11660 and <= 0x1166C) or 0x116B9 or 0x1183B
        or (>= 0x11944 and <= 0x11946) or 0x119E2 or (>= 0x11A3F and <= 0x11A46) or (>= 0x11A9A and <= 0x11AA2)
        or (>= 0x11B00 and <= 0x11B09) or (>= 0x11C41 and <= 0x11C45) or (>= 0x11C70 and <= 0x11C71)
        or (>= 0x11EF7 and <= 0x11EF8) or (>= 0x11F43 and <= 0x11F4F) or 0x11FFF
        or (>= 0x12FF1 and <= 0x12FF2) or (>= 0x16E97 and <= 0x16E9A) or (>= 0x1E95E and <= 0x1E95F);

    /// <summary>
    /// Whether BERT isolates a code point as a Chinese character. The range from 2B920 is the one of Hugging Face's
    /// tokenizers.
    /// </summary>
    public static bool IsIdeograph(int code) => code
        is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF)
        or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F)
        or (>= 0x2B920 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);

    /// <summary>Whether a symbol has the property Other_Alphabetic.</summary>
    static bool IsCircledLetter(int code) => code
        is (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149)
        or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189);

    internal static void ReadTable(BinaryReader reader, Dictionary<int, int[]> table)
    {
        for (int entries = reader.ReadInt32(); entries > 0; entries--)
        {
            int code = reader.ReadInt32();
            int[] image = new int[reader.ReadInt32()];
            for (int i = 0; i < image.Length; i++) image[i] = reader.ReadInt32();
            table.Add(code, image);
        }
    }

    static int Image(Dictionary<int, int[]> table, int code, Span<int> target)
    {
        if (!table.TryGetValue(code, out int[]? image))
        {
            target[0] = code;
            return 1;
        }
        image.CopyTo(target);
        return image.Length;
    }
}
