using System.Text;

namespace EsimCse.Core.Text;

/// <summary>
/// Splits UTF-8 text that holds one JSON array into the texts of its elements, which it does not check. The memory
/// taken is that of the longest element.
/// </summary>
/// <param name="source">The bytes.</param>
/// <param name="name">Name of the text, for errors.</param>
sealed class JsonArrayReader(ReadBytes source, string name)
{
    static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    readonly InputBuffer _buffer = new(source, name);

    long Line => _buffer.Lines + 1;

    /// <summary>Returns the text of each element, with the line on which it starts.</summary>
    /// <exception cref="InvalidInputException">The text is not one array, or not UTF-8.</exception>
    public IEnumerable<(string Json, long Line)> ReadElements()
    {
        _buffer.SkipByteOrderMark();
        if (PeekMark() != '[') throw Unexpected("an array: [");
        ReadMark();
        bool isEmpty = PeekMark() == ']';
        for (int mark = isEmpty ? ReadMark() : ','; mark == ','; mark = ReadMark())
        {
            PeekMark();
            long line = Line;
            yield return (Decode(FindElementEnd()), line);
        }
        if (PeekMark() >= 0) throw Unexpected("nothing after the array");
    }

    /// <summary>Skips white space and returns the byte after it; -1 at the end.</summary>
    int PeekMark()
    {
        while (_buffer.Unused.Length > 0 || _buffer.Fill())
        {
            byte next = _buffer.Unused[0];
            if (next is not ((byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')) return next;
            if (next == '\n') _buffer.Lines++;
            _buffer.Use(1);
        }
        return -1;
    }

    /// <summary>Reads the next byte that is not white space; -1 at the end.</summary>
    int ReadMark()
    {
        int mark = PeekMark();
        if (mark >= 0) _buffer.Use(1);
        return mark;
    }

    /// <summary>Returns the length of the element at the start, up to the comma or the bracket after it.</summary>
    int FindElementEnd()
    {
        int depth = 0;
        bool isString = false, isEscaped = false;
        for (int i = 0; ; i++)
        {
            if (i == _buffer.Unused.Length && !_buffer.Fill()) throw NoEnd();
            byte next = _buffer.Unused[i];
            if (isEscaped) isEscaped = false;
            else if (next == '"') isString = !isString;
            else if (isString) isEscaped = next == '\\';
            else if (depth == 0 && next is (byte)',' or (byte)']') return i;
            else if (next is (byte)'{' or (byte)'[') depth++;
            else if (next is (byte)'}' or (byte)']') depth--;
        }
    }

    string Decode(int length)
    {
        ReadOnlySpan<byte> bytes = _buffer.Unused[..length];
        long line = Line;
        _buffer.Use(length);
        _buffer.Lines += bytes.Count((byte)'\n');
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException error)
        {
            line += bytes[..Math.Max(0, error.Index)].Count((byte)'\n');
            throw new InvalidInputException($"{name}, line {line}: not valid UTF-8", error);
        }
    }

    InvalidInputException Unexpected(string expected)
    {
        int next = PeekMark();
        string found = next is > ' ' and < 0x7F ? $"'{(char)next}'" : "other text";
        if (next < 0) found = "the end of the file";
        return new($"{name}, line {Line}: found {found}, expected {expected}");
    }

    InvalidInputException NoEnd() => new($"{name}, line {Line}: the array does not end after this line's text");
}
