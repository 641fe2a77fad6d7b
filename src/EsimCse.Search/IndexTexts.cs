using System.Buffers.Binary;
using System.Text;
using EsimCse.Core;
using EsimCse.Core.Files;
using Microsoft.Win32.SafeHandles;

namespace EsimCse.Search;

/// <summary>
/// The texts of an index: their UTF-8 bytes end to end, and the offset of each, so that one is read without the others.
/// Thread-safe.
/// </summary>
sealed class IndexTexts : IDisposable
{
    /// <summary>Names of the files.</summary>
    public const string BytesName = "texts.utf8", OffsetsName = "text-offsets.npy";

    const string OffsetType = "<i8";

    static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    readonly string _path;
    readonly SafeFileHandle _bytes;
    readonly SafeFileHandle _offsets;

    IndexTexts(string folder, long rows)
    {
        _path = Path.Combine(folder, BytesName);
        string offsets = Path.Combine(folder, OffsetsName);
        InputFile.Require(_path);
        InputFile.Require(offsets);
        long expected = NpyHeader.Bytes + (rows + 1) * sizeof(long);
        if (new FileInfo(offsets) is { Length: var found } && found != expected)
            throw new InvalidInputException($"{offsets}: found {found} bytes, expected {expected} for {rows} rows");
        _bytes = File.OpenHandle(_path);
        _offsets = File.OpenHandle(offsets);
    }

    /// <summary>Opens the texts of an index with a number of rows.</summary>
    /// <exception cref="InvalidInputException">A file is missing or has another length.</exception>
    public static IndexTexts Open(string folder, long rows) => new(folder, rows);

    /// <summary>Writes the texts of an index and returns their number.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="texts">The texts, in the order of the rows.</param>
    public static long Write(string folder, IEnumerable<string> texts)
    {
        long rows = 0;
        using FileStream bytes = new(Path.Combine(folder, BytesName), FileMode.Create);
        using FileStream offsets = new(Path.Combine(folder, OffsetsName), FileMode.Create);
        offsets.Write(new byte[NpyHeader.Bytes]);
        Span<byte> offset = stackalloc byte[sizeof(long)];
        offset.Clear();
        offsets.Write(offset);
        foreach (string text in texts)
        {
            bytes.Write(Strict.GetBytes(text));
            BinaryPrimitives.WriteInt64LittleEndian(offset, bytes.Position);
            offsets.Write(offset);
            rows++;
        }
        offsets.Position = 0;
        offsets.Write(NpyHeader.Create(OffsetType, rows + 1));
        bytes.Flush(flushToDisk: true);
        offsets.Flush(flushToDisk: true);
        return rows;
    }

    /// <summary>Reads the text of a row.</summary>
    /// <exception cref="InvalidInputException">The files are not valid.</exception>
    public string Read(long row)
    {
        Span<byte> range = stackalloc byte[2 * sizeof(long)];
        ReadExactly(_offsets, range, NpyHeader.Bytes + row * sizeof(long));
        long from = BinaryPrimitives.ReadInt64LittleEndian(range);
        long to = BinaryPrimitives.ReadInt64LittleEndian(range[sizeof(long)..]);
        if (from < 0 || to < from || to - from > Array.MaxLength || to > RandomAccess.GetLength(_bytes))
            throw new InvalidInputException($"{_path}: row {row}: found bytes {from} to {to}, which it does not have");
        byte[] text = new byte[to - from];
        ReadExactly(_bytes, text, from);
        try
        {
            return Strict.GetString(text);
        }
        catch (DecoderFallbackException error)
        {
            throw new InvalidInputException($"{_path}: row {row}: not UTF-8", error);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _bytes.Dispose();
        _offsets.Dispose();
    }

    void ReadExactly(SafeFileHandle file, Span<byte> target, long offset)
    {
        while (target.Length > 0)
        {
            int count = RandomAccess.Read(file, target, offset);
            if (count == 0)
                throw new InvalidInputException($"{_path}: ends within a row, expected {target.Length} more bytes");
            target = target[count..];
            offset += count;
        }
    }
}
