using System.Text;

namespace EsimCse.Core.Text;

/// <summary>
/// The word being read. Past <paramref name="maxLength"/> code points only the count grows: the word becomes [UNK].
/// </summary>
/// <param name="buffer">Memory for the word in UTF-16.</param>
/// <param name="maxLength">Code points of the longest word that is looked up.</param>
ref struct WordBuffer(Span<char> buffer, int maxLength)
{
    readonly Span<char> _buffer = buffer;
    int _length;
    int _codePoints;

    public readonly bool IsEmpty => _codePoints == 0;

    public readonly bool IsTooLong => _codePoints > maxLength || _length > _buffer.Length - 2;

    public readonly ReadOnlySpan<char> Text => _buffer[.._length];

    public void Add(char ascii)
    {
        _codePoints++;
        if (!IsTooLong) _buffer[_length++] = ascii;
    }

    public void Add(Rune rune)
    {
        _codePoints++;
        if (!IsTooLong) _length += rune.EncodeToUtf16(_buffer[_length..]);
    }

    public void Clear()
    {
        _length = 0;
        _codePoints = 0;
    }
}
