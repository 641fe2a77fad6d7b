using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace EsimCse.Core.Files;

/// <summary>The header of a .npy file: the type and shape of its array, in C order.</summary>
/// <param name="Type">The type of an element as numpy spells it, such as &lt;f4.</param>
/// <param name="Shape">The dimensions.</param>
/// <param name="DataOffset">The file's bytes before the first element.</param>
sealed partial record NpyHeader(string Type, long[] Shape, int DataOffset)
{
    /// <summary>
    /// Length of the headers that <see cref="Create"/> returns; a multiple of 64, as the format asks for.
    /// </summary>
    public const int Bytes = 128;

    /// <summary>Longest text that is read; numpy itself refuses longer ones than 10 000 bytes.</summary>
    const int LongestText = 1 << 16;

    /// <summary>Bytes before the length of the header's text: magic and version.</summary>
    const int VersionBytes = 8;

    static readonly byte[] Magic = [0x93, .. "NUMPY"u8];

    /// <summary>Returns the header of an array in C order.</summary>
    /// <param name="type">The type of an element as numpy spells it.</param>
    /// <param name="shape">The dimensions.</param>
    public static byte[] Create(string type, params ReadOnlySpan<long> shape)
    {
        StringBuilder text = new($"{{'descr': '{type}', 'fortran_order': False, 'shape': (");
        foreach (long size in shape) text.Append(CultureInfo.InvariantCulture, $"{size}, ");
        // One dimension keeps its comma, as in Python: (3,).
        text.Length -= shape.Length == 1 ? 1 : 2;
        const int textBytes = Bytes - VersionBytes - sizeof(ushort);
        string padded = text.Append("), }").ToString().PadRight(textBytes - 1);
        return [.. Magic, 1, 0, textBytes, 0, .. Encoding.ASCII.GetBytes(padded), (byte)'\n'];
    }

    /// <summary>Reads the header at the start of a file.</summary>
    /// <param name="stream">The file, at its start.</param>
    /// <param name="path">Its path, for messages.</param>
    /// <exception cref="InvalidInputException">It is not a .npy file, or its array is in Fortran order.</exception>
    public static NpyHeader Read(Stream stream, string path)
    {
        byte[] start = Read(stream, path, VersionBytes);
        if (!start.AsSpan().StartsWith(Magic)) throw new InvalidInputException($"{path}: not a .npy file");
        int version = start[Magic.Length];
        if (version is < 1 or > 3)
            throw new InvalidInputException($"{path}: found .npy version {version}, expected 1, 2 or 3");
        byte[] length = Read(stream, path, version == 1 ? sizeof(ushort) : sizeof(uint));
        uint bytes = version == 1
            ? BinaryPrimitives.ReadUInt16LittleEndian(length)
            : BinaryPrimitives.ReadUInt32LittleEndian(length);
        if (bytes > LongestText)
            throw new InvalidInputException($"{path}: found a header of {bytes} bytes, expected at most {LongestText}");
        string text = Encoding.UTF8.GetString(Read(stream, path, (int)bytes));
        return Parse(text, path, VersionBytes + length.Length + (int)bytes);
    }

    static NpyHeader Parse(string text, string path, int dataOffset)
    {
        Match type = TypeEntry().Match(text);
        Match order = OrderEntry().Match(text);
        Match shape = ShapeEntry().Match(text);
        if (!type.Success || !order.Success || !shape.Success)
            throw new InvalidInputException($"{path}: the header is not that of an array of one type: {text.Trim()}");
        if (order.Groups["value"].Value == "True")
            throw new InvalidInputException($"{path}: found Fortran order, expected C order");
        const StringSplitOptions clean = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;
        string[] sizes = shape.Groups["value"].Value.Split(',', clean);
        long[] numbers = new long[sizes.Length];
        for (int i = 0; i < sizes.Length; i++)
            if (!long.TryParse(sizes[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
                throw new InvalidInputException($"{path}: shape: found {sizes[i]}, expected a whole number");
        return new(type.Groups["value"].Value, numbers, dataOffset);
    }

    static byte[] Read(Stream stream, string path, int count)
    {
        byte[] bytes = new byte[count];
        if (stream.ReadAtLeast(bytes, count, throwOnEndOfStream: false) < count)
            throw new InvalidInputException($"{path}: the file ends within the header of .npy");
        return bytes;
    }

    [GeneratedRegex(@"['""]descr['""]\s*:\s*['""](?<value>[^'""]+)['""]")]
    private static partial Regex TypeEntry();

    [GeneratedRegex(@"['""]fortran_order['""]\s*:\s*(?<value>True|False)\b")]
    private static partial Regex OrderEntry();

    [GeneratedRegex(@"['""]shape['""]\s*:\s*\((?<value>[^)]*)\)")]
    private static partial Regex ShapeEntry();
}
