using System.Buffers.Binary;
using Parquet.Meta;

namespace EsimCse.Formats;

/// <summary>
/// Checks the metadata of a .parquet file before Parquet.Net reads it, which trusts types, counts and lengths: damaged
/// ones would take gigabytes or not end.
/// </summary>
static class ParquetMetadata
{
    /// <summary>Bytes that a page's header takes at first, and at most, with the statistics of long strings.</summary>
    const int HeaderBytes = 1 << 12, MaxHeaderBytes = 1 << 20;

    static ReadOnlySpan<byte> Mark => "PAR1"u8;

    /// <summary>Checks the footer.</summary>
    /// <exception cref="InvalidDataException">It is not valid.</exception>
    public static void CheckFooter(FileStream file)
    {
        const int tailBytes = 8;
        if (file.Length < Mark.Length + tailBytes) throw new InvalidDataException("found no footer");
        ReadOnlySpan<byte> tail = Read(file, file.Length - tailBytes, tailBytes);
        int length = BinaryPrimitives.ReadInt32LittleEndian(tail);
        long start = file.Length - tailBytes - length;
        if (!tail[4..].SequenceEqual(Mark) || length < 0 || start < Mark.Length)
            throw new InvalidDataException("found no footer at the end");
        new ThriftReader(Read(file, start, length)).ReadStructure("FileMetaData");
    }

    /// <summary>Checks the headers of the pages of a column in a row group.</summary>
    /// <exception cref="InvalidDataException">One is not valid, or states a size beyond the limits.</exception>
    public static void CheckPages(FileStream file, ColumnMetaData column)
    {
        long position = column.DictionaryPageOffset is > 0 and long dictionary
            ? Math.Min(dictionary, column.DataPageOffset)
            : column.DataPageOffset;
        long end = position + column.TotalCompressedSize;
        if (position < Mark.Length || end > file.Length)
            throw new InvalidDataException("found a column beyond the end");
        long bytes = 0;
        while (position < end)
        {
            ThriftReader reader = ReadHeader(file, position);
            long uncompressed = reader.Integers[2], compressed = reader.Integers[3];
            position += reader.Position + compressed;
            bytes += uncompressed;
            bool isValid = compressed >= 0 && uncompressed >= 0 && position <= file.Length;
            if (!isValid || bytes > DecodedSize.MaxBytes(file.Length))
                throw new InvalidDataException($"found a page of {compressed} bytes, {uncompressed} when decompressed");
        }
    }

    static ThriftReader ReadHeader(FileStream file, long position)
    {
        long rest = file.Length - position;
        try
        {
            return ReadHeader(HeaderBytes);
        }
        catch (InvalidDataException) when (rest > HeaderBytes)
        {
            return ReadHeader(MaxHeaderBytes);
        }

        ThriftReader ReadHeader(int most)
        {
            ThriftReader reader = new(Read(file, position, (int)Math.Min(most, rest)));
            reader.ReadStructure("PageHeader");
            return reader;
        }
    }

    static byte[] Read(FileStream file, long position, int length)
    {
        byte[] bytes = new byte[length];
        int read = 0;
        while (read < length)
        {
            int count = RandomAccess.Read(file.SafeFileHandle, bytes.AsSpan(read), position + read);
            if (count == 0) throw new InvalidDataException("the file became shorter");
            read += count;
        }
        return bytes;
    }
}
