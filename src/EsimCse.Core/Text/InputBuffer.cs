namespace EsimCse.Core.Text;

/// <summary>
/// Bytes of a text that were read and not yet used. It grows to the longest part that is looked at as a whole.
/// </summary>
/// <param name="source">The bytes.</param>
/// <param name="name">Name of the text, for errors.</param>
sealed class InputBuffer(ReadBytes source, string name)
{
    byte[] _bytes = new byte[1 << 16];
    int _start;
    int _end;

    public static ReadOnlySpan<byte> ByteOrderMark => "\uFEFF"u8;

    public ReadOnlySpan<byte> Unused => _bytes.AsSpan(_start, _end - _start);

    /// <summary>Lines that ended before the unused bytes, for errors.</summary>
    public long Lines { get; set; }

    /// <summary>Removes bytes at the start.</summary>
    public void Use(int count) => _start += count;

    /// <summary>Reads more bytes behind those that are left; returns false at the end.</summary>
    /// <exception cref="InvalidInputException">The bytes cannot be read or decompressed.</exception>
    public bool Fill()
    {
        int count = _end - _start;
        if (_start > 0) Buffer.BlockCopy(_bytes, _start, _bytes, 0, count);
        _start = 0;
        _end = count;
        if (_end == _bytes.Length) Grow();
        try
        {
            int read = source(_bytes, _end, _bytes.Length - _end);
            _end += read;
            return read > 0;
        }
        catch (Exception error) when (error is InvalidDataException or InvalidOperationException)
        {
            throw Unreadable("cannot be decompressed", error);
        }
        catch (IOException error)
        {
            throw Unreadable("cannot be read", error);
        }
    }

    /// <summary>Drops a byte-order mark at the start of the text.</summary>
    public void SkipByteOrderMark()
    {
        while (Unused.Length < ByteOrderMark.Length && Fill()) { }
        if (Unused.StartsWith(ByteOrderMark)) Use(ByteOrderMark.Length);
    }

    void Grow()
    {
        if (_bytes.Length == Array.MaxLength)
            throw new InvalidInputException($"{name}, line {Lines + 1}: longer than {Array.MaxLength} bytes");
        Array.Resize(ref _bytes, (int)Math.Min(2L * _bytes.Length, Array.MaxLength));
    }

    InvalidInputException Unreadable(string problem, Exception error) =>
        new($"{name}, after line {Lines}: {problem}: {error.Message}", error);
}
