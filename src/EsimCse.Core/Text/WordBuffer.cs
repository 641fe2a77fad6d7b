using System.Text;

namespace EsimCse.Core.Text;

/// <summary>
/// The word being read. Past <paramref name="maxLength"/> code points only the count grows: the word becomes [UNK].
/// </summary>
/// <param name="buffer">Memory for a word of usual length in UTF-16.</param>
/// <param name="maxLength">Code points of the longest word that is looked up.</param>
ref struct WordBuffer(Span<char> buffer, int maxLength)
{
    Span<char> _buffer = buffer;
    int _length;
    int _codePoints;

    public readonly bool IsEmpty => _codePoints == 0;

    public readonly bool IsTooLong => _codePoints > maxLength;

    public readonly ReadOnlySpan<char> Text => _buffer[.._length];

    public void Add(char ascii)
    {
        _codePoints++;
        if (IsTooLong) return;
        if (_length == _buffer.Length) Grow();
        _buffer[_length++] = ascii;
    }

    public void Add(Rune rune)
    {
        _codePoints++;
        if (IsTooLong) return;
        if (_length + 2 > _buffer.Length) Grow();
        _length += rune.EncodeToUtf16(_buffer[_length..]);
    }

    public void Clear()
    {
        _length = 0;
        _codePoints = 0;
    }

    /// <summary>Doubles the memory, which happens for words of unusual length only.</summary>
    void Grow()
    {
        char[] larger = new char[2 * _buffer.Length];
        Text.CopyTo(larger);
        _buffer = larger;
    }
}
