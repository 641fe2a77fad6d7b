using System.Text;

namespace EsimCse.Core.Text;

/// <summary>
/// Reads the lines of UTF-8 text, which end at LF or CRLF only. A byte-order mark at the start is dropped. The memory
/// taken is that of the longest line.
/// </summary>
/// <param name="source">The bytes.</param>
/// <param name="name">Name of the text, for errors.</param>
sealed class Utf8LineReader(ReadBytes source, string name)
{
    static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    byte[] _buffer = new byte[1 << 16];
    int _start;
    int _end;
    int _number;

    static ReadOnlySpan<byte> ByteOrderMark => "\uFEFF"u8;

    /// <summary>Reads the next line, without its end; null after the last one.</summary>
    /// <exception cref="InvalidInputException">The bytes cannot be decompressed or are not UTF-8.</exception>
    public string? ReadLine()
    {
        do
        {
            int length = Array.IndexOf(_buffer, (byte)'\n', _start, _end - _start) - _start;
            if (length < 0) continue;
            string line = Decode(length);
            _start += length + 1;
            return line;
        }
        while (Fill());

        ReadOnlySpan<byte> rest = _buffer.AsSpan(_start, _end - _start);
        bool onlyByteOrderMark = _number == 0 && rest.SequenceEqual(ByteOrderMark);
        if (rest.IsEmpty || onlyByteOrderMark) return null;
        string last = Decode(rest.Length);
        _start = _end;
        return last;
    }

    /// <summary>Reads more bytes behind those that are left; false at the end.</summary>
    bool Fill()
    {
        int count = _end - _start;
        if (_start > 0) Buffer.BlockCopy(_buffer, _start, _buffer, 0, count);
        _start = 0;
        _end = count;
        if (_end == _buffer.Length) Array.Resize(ref _buffer, 2 * _buffer.Length);
        try
        {
            int read = source(_buffer, _end, _buffer.Length - _end);
            _end += read;
            return read > 0;
        }
        catch (Exception error) when (error is InvalidDataException or InvalidOperationException)
        {
            string position = $"{name}, after line {_number}";
            throw new InvalidInputException($"{position}: cannot be decompressed: {error.Message}", error);
        }
    }

    string Decode(int length)
    {
        ReadOnlySpan<byte> bytes = _buffer.AsSpan(_start, length);
        _number++;
        if (_number == 1 && bytes.StartsWith(ByteOrderMark)) bytes = bytes[3..];
        if (bytes.EndsWith("\r"u8)) bytes = bytes[..^1];
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException error)
        {
            throw new InvalidInputException($"{name}, line {_number}: not valid UTF-8", error);
        }
    }
}
