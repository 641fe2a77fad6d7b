using System.Globalization;

namespace EsimCse.Core.Text;

/// <summary>What the tokenizer must know of Unicode, the same in every globalization mode: tables of our own, and the categories that the runtime carries itself.</summary>
static class UnicodeTables
{
    const int HangulBase = 0xAC00, HangulEnd = 0xD7A3, LeadBase = 0x1100, VowelBase = 0x1161, TailBase = 0x11A7, Vowels = 21, Tails = 28;

    static readonly Dictionary<int, int[]> Stripped = [], Lowered = [];

    static UnicodeTables()
    {
        using Stream resource = typeof(UnicodeTables).Assembly.GetManifestResourceStream("unicode-tables.bin")!;
        using BinaryReader reader = new(resource);
        foreach (Dictionary<int, int[]> table in new[] { Stripped, Lowered })
            for (int entries = reader.ReadInt32(); entries > 0; entries--)
            {
                int code = reader.ReadInt32();
                int[] image = new int[reader.ReadInt32()];
                for (int i = 0; i < image.Length; i++) image[i] = reader.ReadInt32();
                table.Add(code, image);
            }
    }

    /// <summary>Writes the canonical decomposition without nonspacing marks; up to 4 code points. The number written.</summary>
    public static int StripAccents(int code, Span<int> target)
    {
        if (code is >= HangulBase and <= HangulEnd)
        {
            int index = code - HangulBase, tail = index % Tails;
            target[0] = LeadBase + index / (Vowels * Tails);
            target[1] = VowelBase + index % (Vowels * Tails) / Tails;
            target[2] = TailBase + tail;
            return tail == 0 ? 2 : 3;
        }
        return Image(Stripped, code, target);
    }

    /// <summary>Writes the full lower-case mapping. The number of code points written.</summary>
    public static int ToLower(int code, Span<int> target) => Image(Lowered, code, target);

    /// <summary>The property White_Space.</summary>
    public static bool IsWhitespace(int code) => code is 0x20 or (>= 0x09 and <= 0x0D) or 0x85 or 0xA0 or 0x1680 or (>= 0x2000 and <= 0x200A)
        or 0x2028 or 0x2029 or 0x202F or 0x205F or 0x3000;

    /// <summary>The categories Cc, Cf and Co, but not tab and line ends.</summary>
    public static bool IsControl(int code) => code is not (0x09 or 0x0A or 0x0D)
        && CharUnicodeInfo.GetUnicodeCategory(code) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse;

    /// <summary>All ASCII symbols, and the categories P*.</summary>
    public static bool IsPunctuation(int code) => code < 0x80
        ? code is (>= 33 and <= 47) or (>= 58 and <= 64) or (>= 91 and <= 96) or (>= 123 and <= 126)
        : CharUnicodeInfo.GetUnicodeCategory(code) is >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherPunctuation && !IsNewerPunctuation(code);

    /// <summary>Punctuation since Unicode 9, which the category tables of Hugging Face's tokenizers do not know.</summary>
    static bool IsNewerPunctuation(int code) => code is 0x61D or 0x9FD or 0xA76 or 0xC77 or 0xC84 or 0x1B4E or 0x1B4F or (>= 0x1B7D and <= 0x1B7F)
        or (>= 0x2E43 and <= 0x2E5D) or 0x10EAD or (>= 0x10F55 and <= 0x10F59) or (>= 0x10F86 and <= 0x10F89) or (>= 0x1144B and <= 0x1145D)
        or (>= 0x11660 and <= 0x1166C) or 0x116B9 or 0x1183B or (>= 0x11944 and <= 0x11946) or 0x119E2 or (>= 0x11A3F and <= 0x11A46)
        or (>= 0x11A9A and <= 0x11AA2) or (>= 0x11B00 and <= 0x11B09) or (>= 0x11C41 and <= 0x11C45) or (>= 0x11C70 and <= 0x11C71)
        or (>= 0x11EF7 and <= 0x11EF8) or (>= 0x11F43 and <= 0x11F4F) or 0x11FFF or (>= 0x12FF1 and <= 0x12FF2) or (>= 0x16E97 and <= 0x16E9A)
        or (>= 0x1E95E and <= 0x1E95F);

    /// <summary>The ideographs that BERT sets apart; the range from 2B920 is as in Hugging Face's tokenizers.</summary>
    public static bool IsIdeograph(int code) => code is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF)
        or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);

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
