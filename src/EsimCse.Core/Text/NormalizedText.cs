using System.Buffers;

namespace EsimCse.Core.Text;

/// <summary>
/// Normalized text in UTF-8, read part by part. The last word of a part may go on in the next one.
/// </summary>
/// <param name="memory">At least <see cref="UsualLength"/> bytes.</param>
ref struct NormalizedText(Span<byte> memory)
{
    /// <summary>Bytes for a part of usual length.</summary>
    public const int UsualLength = 1024;

    /// <summary>Bytes after the text: the rest of its last block, and a key.</summary>
    const int Padding = WordMasks.BlockLength + TokenTable.KeyLength;

    Span<byte> _memory = memory;
    byte[]? _rented;
    int _length;

    /// <summary>The text, spaces up to the end of its last block, and at least a key of any value.</summary>
    public readonly ReadOnlySpan<byte> Padded => _memory;

    /// <summary>Bytes of the text.</summary>
    public readonly int Length => _length;

    /// <summary>Reads text up to its end or to that of the memory.</summary>
    /// <param name="images">The images of its code points.</param>
    /// <param name="text">The text, whose beginning that was read is removed.</param>
    /// <returns>False for text with a code point whose image depends on its neighbours.</returns>
    public bool Read(CodePointImages images, ref ReadOnlySpan<char> text)
    {
        int end = _memory.Length - Padding - CodePointImages.MaxLength;
        while (!text.IsEmpty && _length < end)
        {
            if (text[0] < 0x80)
            {
                int copied = AsciiText.Copy(text, _memory[_length..end], images.Lowercase);
                text = text[copied..];
                _length += copied;
                if (text.IsEmpty) break;
            }
            int written = images.Write(text, _memory[_length..], out int consumed);
            if (written < 0) return false;
            text = text[consumed..];
            _length += written;
        }
        _memory.Slice(_length, WordMasks.BlockLength).Fill((byte)' ');
        return true;
    }

    /// <summary>Removes all but the word at the end, of which no more is kept than shows that it is too long.</summary>
    /// <param name="start">The place of the word.</param>
    /// <param name="maxLength">Code points of the longest word that is looked up.</param>
    public void KeepWord(int start, int maxLength)
    {
        Span<byte> word = _memory[start.._length];
        if (word.Length > maxLength) word = word[..Utf8Text.Prefix(word, maxLength + 1)];
        if (2 * word.Length > _memory.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(2 * _memory.Length);
            word.CopyTo(larger);
            if (_rented is not null) ArrayPool<byte>.Shared.Return(_rented);
            _rented = larger;
            _memory = larger;
        }
        else word.CopyTo(_memory);
        _length = word.Length;
    }

    /// <summary>Returns the pooled memory; the text is gone.</summary>
    public void Dispose()
    {
        if (_rented is not null) ArrayPool<byte>.Shared.Return(_rented);
        this = default;
    }
}
