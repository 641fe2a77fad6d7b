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

    readonly InputBuffer _buffer = new(source, name);
    bool _isStarted;

    /// <summary>The number of the last line read, counted from 1.</summary>
    public long Number => _buffer.Lines;

    /// <summary>The end of the last line read: LF, CRLF, or nothing at the end of the text.</summary>
    public string LineEnd { get; private set; } = "";

    /// <summary>Carriage returns of the lines read that are not part of a line end.</summary>
    public long LoneReturns { get; private set; }

    /// <summary>Reads the next line, without its end; null after the last one.</summary>
    /// <exception cref="InvalidInputException">The bytes cannot be read or decompressed, or are not UTF-8.</exception>
    public string? ReadLine()
    {
        if (!_isStarted) _buffer.SkipByteOrderMark();
        _isStarted = true;
        int searched = 0;
        do
        {
            int length = _buffer.Unused[searched..].IndexOf((byte)'\n');
            if (length >= 0) return TakeLine(searched + length);
            searched = _buffer.Unused.Length;
        }
        while (_buffer.Fill());
        return searched == 0 ? null : TakeText(searched, "");
    }

    /// <summary>Returns the line before the LF at an index.</summary>
    string TakeLine(int length)
    {
        bool hasReturn = length > 0 && _buffer.Unused[length - 1] == '\r';
        return hasReturn ? TakeText(length - 1, "\r\n") : TakeText(length, "\n");
    }

    string TakeText(int length, string lineEnd)
    {
        ReadOnlySpan<byte> bytes = _buffer.Unused[..length];
        _buffer.Use(length + lineEnd.Length);
        _buffer.Lines++;
        LineEnd = lineEnd;
        LoneReturns += bytes.Count((byte)'\r');
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException error)
        {
            throw new InvalidInputException($"{name}, line {Number}: not valid UTF-8", error);
        }
    }
}
