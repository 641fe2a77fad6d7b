using System.Text;
using EsimCse.Core.Files;

namespace EsimCse.Core.Text.Normalizers;

/// <summary>BERT's normalizer: cleans, isolates Chinese characters, strips accents and lower-cases.</summary>
sealed class BertNormalizer : Normalizer
{
    /// <summary>Code points of the longest image of a code point.</summary>
    public const int MaxImages = 16;

    public static readonly SettingKeys Keys = new()
    {
        Honoured = ["type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase"],
        IsClosed = true,
    };

    /// <summary>Whether control characters vanish and whitespace becomes a space.</summary>
    public bool CleanText { get; init; } = true;

    /// <summary>Whether Chinese characters are words of their own.</summary>
    public bool TokenizeChineseChars { get; init; } = true;

    /// <summary>Whether nonspacing marks vanish after canonical decomposition.</summary>
    public bool StripAccents { get; init; } = true;

    /// <summary>Whether the text is lower-cased.</summary>
    public bool Lowercase { get; init; } = true;

    public static BertNormalizer Read(JsonSettings json)
    {
        bool lowercase = json.Flag("lowercase") ?? true;
        return new BertNormalizer
        {
            CleanText = json.Flag("clean_text") ?? true,
            TokenizeChineseChars = json.Flag("handle_chinese_chars") ?? true,
            StripAccents = json.Flag("strip_accents") ?? lowercase,
            Lowercase = lowercase,
        };
    }

    /// <summary>Whether a code point vanishes.</summary>
    public bool Removes(int code) => CleanText && (code is 0 or 0xFFFD || UnicodeTables.IsControl(code));

    /// <summary>Whether a code point stands between spaces.</summary>
    public bool Isolates(int code) => TokenizeChineseChars && UnicodeTables.IsIdeograph(code);

    /// <summary>
    /// Writes the images of a code point under accent stripping and lower-casing, up to <see cref="MaxImages"/>, and
    /// returns their number. The order of <see cref="UnicodeTables.IsReordered"/> code points is not canonical.
    /// </summary>
    public int Map(int code, Span<int> images)
    {
        Span<int> stripped = stackalloc int[4];
        stripped[0] = code;
        int strippedCount = StripAccents && code >= 0x80 ? UnicodeTables.StripAccents(code, stripped) : 1;
        if (!Lowercase)
        {
            stripped[..strippedCount].CopyTo(images);
            return strippedCount;
        }
        int count = 0;
        foreach (int part in stripped[..strippedCount]) count += UnicodeTables.ToLower(part, images[count..]);
        return count;
    }

    public override string Apply(string text)
    {
        if (StripAccents && text.EnumerateRunes().Any(rune => UnicodeTables.IsReordered(rune.Value)))
            text = UnicodeNormalization.Apply(text, compatibility: false, compose: false);
        StringBuilder target = new(text.Length);
        Span<int> images = stackalloc int[MaxImages];
        foreach (Rune rune in text.EnumerateRunes())
        {
            int code = rune.Value;
            if (Removes(code)) continue;
            if (CleanText && UnicodeTables.IsWhitespace(code)) code = ' ';
            bool isolated = Isolates(code);
            if (isolated) target.Append(' ');
            foreach (int image in images[..Map(code, images)]) target.Append(new Rune(image));
            if (isolated) target.Append(' ');
        }
        return target.ToString();
    }
}
