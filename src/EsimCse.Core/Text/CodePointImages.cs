using System.Text;
using EsimCse.Core.Text.Normalizers;

namespace EsimCse.Core.Text;

/// <summary>
/// The images of code points under BertNormalizer and BertPreTokenizer, in UTF-8: between spaces and ASCII punctuation
/// there is one word, and ASCII punctuation is a word a byte. Thread-safe.
/// </summary>
/// <param name="normalizer">The normalizer.</param>
sealed class CodePointImages(BertNormalizer normalizer)
{
    /// <summary>Bytes of the longest image: as many code points as a normalizer gives, each between spaces.</summary>
    public const int MaxLength = BertNormalizer.MaxImages * 6 + 2;

    /// <summary>
    /// The <see cref="Action"/> of each character but surrogates, computed on first use; every thread computes the
    /// same. A value from the space on is an image of one ASCII character.
    /// </summary>
    readonly byte[] _actions = new byte[0x10000];

    enum Action : byte
    {
        Unknown,
        Remove,
        Copy,
        Isolate,
        Map,
        Reject,
    }

    /// <summary>Whether ASCII letters are lower-cased.</summary>
    public bool Lowercase => normalizer.Lowercase;

    /// <summary>Writes the image of the first code point of a text.</summary>
    /// <param name="text">The text, not empty.</param>
    /// <param name="target">At least <see cref="MaxLength"/> bytes.</param>
    /// <param name="consumed">Characters of the code point.</param>
    /// <returns>Bytes of the image; -1 for a code point whose image depends on its neighbours.</returns>
    public int Write(ReadOnlySpan<char> text, Span<byte> target, out int consumed)
    {
        char first = text[0];
        consumed = 1;
        byte action = _actions[first];
        if (action >= ' ')
        {
            target[0] = action;
            return 1;
        }
        switch ((Action)action)
        {
            case Action.Remove:
                return 0;
            case Action.Copy:
                return new Rune(first).EncodeToUtf8(target);
            case Action.Isolate:
                return WriteIsolated(first, target);
            case Action.Map:
                return WriteImages(first, target);
            case Action.Reject:
                return -1;
        }
        Rune.DecodeFromUtf16(text, out Rune rune, out consumed);
        if (!char.IsSurrogate(first)) _actions[first] = FindAction(first);
        return IsRejected(rune.Value) ? -1 : WriteImages(rune.Value, target);
    }

    byte FindAction(char value)
    {
        if (IsRejected(value)) return (byte)Action.Reject;
        Span<byte> image = stackalloc byte[MaxLength];
        Span<byte> simple = stackalloc byte[MaxLength];
        image = image[..WriteImages(value, image)];
        if (image.IsEmpty) return (byte)Action.Remove;
        if (image is [>= (byte)' ' and < 0x80]) return image[0];
        if (image.SequenceEqual(simple[..new Rune(value).EncodeToUtf8(simple)])) return (byte)Action.Copy;
        bool isolated = image.SequenceEqual(simple[..WriteIsolated(value, simple)]);
        return (byte)(isolated ? Action.Isolate : Action.Map);
    }

    bool IsRejected(int code) => normalizer.StripAccents && UnicodeTables.IsReordered(code);

    int WriteImages(int code, Span<byte> target)
    {
        if (normalizer.Removes(code)) return 0;
        Span<int> images = stackalloc int[BertNormalizer.MaxImages];
        images = images[..normalizer.Map(code, images)];
        bool isolated = normalizer.Isolates(code);
        int count = 0;
        if (isolated) target[count++] = (byte)' ';
        foreach (int image in images) count += WriteImage(image, target[count..]);
        if (isolated) target[count++] = (byte)' ';
        return count;
    }

    static int WriteImage(int image, Span<byte> target)
    {
        if (image >= 0x80 && UnicodeTables.IsPunctuation(image)) return WriteIsolated(image, target);
        return new Rune(UnicodeTables.IsWhitespace(image) ? ' ' : image).EncodeToUtf8(target);
    }

    static int WriteIsolated(int code, Span<byte> target)
    {
        target[0] = (byte)' ';
        int end = 1 + new Rune(code).EncodeToUtf8(target[1..]);
        target[end] = (byte)' ';
        return end + 1;
    }
}
