using System.Text;

namespace EsimCse.Core.Text;

/// <summary>
/// Unicode's normalization forms (UAX 15), equal in every globalization mode: the runtime's own need globalization
/// data. The tables are those of Unicode 14.
/// </summary>
static class UnicodeNormalization
{
    // Arithmetic of Hangul syllables: Unicode Standard, section 3.12.
    const int SyllableBase = 0xAC00;
    const int LeadBase = 0x1100;
    const int VowelBase = 0x1161;
    const int TailBase = 0x11A7;
    const int LeadCount = 19;
    const int VowelCount = 21;
    const int TailCount = 28;
    const int SyllableCount = LeadCount * VowelCount * TailCount;

    static readonly Dictionary<int, int[]> Canonical = [];
    static readonly Dictionary<int, int[]> Compatible = [];
    static readonly Dictionary<int, int[]> Classes = [];
    static readonly Dictionary<(int First, int Second), int> Pairs = [];

    static UnicodeNormalization()
    {
        Dictionary<int, int[]> pairs = [];
        using Stream resource = typeof(UnicodeNormalization).Assembly
            .GetManifestResourceStream("unicode-normalization.bin")!;
        using BinaryReader reader = new(resource);
        UnicodeTables.ReadTable(reader, Canonical);
        UnicodeTables.ReadTable(reader, Compatible);
        UnicodeTables.ReadTable(reader, Classes);
        UnicodeTables.ReadTable(reader, pairs);
        foreach (int[] pair in pairs.Values) Pairs.Add((pair[0], pair[1]), pair[2]);
    }

    /// <summary>Returns the normal form of a text.</summary>
    /// <param name="text">The text; a lone surrogate becomes U+FFFD.</param>
    /// <param name="compatibility">Whether compatibility decompositions apply: NFKC, NFKD.</param>
    /// <param name="compose">Whether the decomposed text is composed again: NFC, NFKC.</param>
    public static string Apply(string text, bool compatibility, bool compose)
    {
        if (Ascii.IsValid(text)) return text;
        List<int> codes = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes()) Decompose(rune.Value, compatibility, codes);
        Reorder(codes);
        if (compose) Compose(codes);
        StringBuilder target = new(text.Length);
        foreach (int code in codes) target.Append(new Rune(code));
        return target.ToString();
    }

    static void Decompose(int code, bool compatibility, List<int> target)
    {
        int syllable = code - SyllableBase;
        if (syllable is >= 0 and < SyllableCount)
        {
            target.Add(LeadBase + syllable / (VowelCount * TailCount));
            target.Add(VowelBase + syllable % (VowelCount * TailCount) / TailCount);
            if (syllable % TailCount > 0) target.Add(TailBase + syllable % TailCount);
        }
        else if (compatibility && Compatible.TryGetValue(code, out int[]? image)) target.AddRange(image);
        else if (Canonical.TryGetValue(code, out image)) target.AddRange(image);
        else target.Add(code);
    }

    /// <summary>Sorts each run of marks by combining class; equal classes keep their order.</summary>
    static void Reorder(List<int> codes)
    {
        for (int start = 0; start < codes.Count; start++)
        {
            int end = start;
            while (end < codes.Count && Class(codes[end]) > 0) end++;
            if (end - start > 1)
            {
                int[] sorted = [.. codes[start..end].OrderBy(Class)];
                for (int i = 0; i < sorted.Length; i++) codes[start + i] = sorted[i];
            }
            start = end;
        }
    }

    /// <summary>Composes each code point with the last starter, unless one between them blocks it.</summary>
    static void Compose(List<int> codes)
    {
        int count = 0;
        int starter = -1;
        int lastClass = 0;
        for (int i = 0; i < codes.Count; i++)
        {
            int code = codes[i];
            int combining = Class(code);
            bool blocked = starter < count - 1 && lastClass >= combining;
            if (starter >= 0 && !blocked && Compose(codes[starter], code) is { } composed)
            {
                codes[starter] = composed;
                continue;
            }
            if (combining == 0) starter = count;
            lastClass = combining;
            codes[count++] = code;
        }
        codes.RemoveRange(count, codes.Count - count);
    }

    static int? Compose(int first, int second)
    {
        int lead = first - LeadBase;
        int vowel = second - VowelBase;
        if (lead is >= 0 and < LeadCount && vowel is >= 0 and < VowelCount)
            return SyllableBase + (lead * VowelCount + vowel) * TailCount;
        int syllable = first - SyllableBase;
        int tail = second - TailBase;
        bool isOpen = syllable is >= 0 and < SyllableCount && syllable % TailCount == 0;
        if (isOpen && tail is > 0 and < TailCount) return first + tail;
        return Pairs.TryGetValue((first, second), out int composed) ? composed : null;
    }

    static int Class(int code) => Classes.TryGetValue(code, out int[]? image) ? image[0] : 0;
}
