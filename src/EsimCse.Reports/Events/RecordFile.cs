using System.Buffers.Binary;
using System.Numerics;

namespace EsimCse.Reports.Events;

/// <summary>
/// The framing of TensorFlow's record files: length, its checksum, the bytes, their checksum; numbers little-endian.
/// </summary>
static class RecordFile
{
    const int HeaderBytes = 12, ChecksumBytes = 4;

    /// <summary>Returns the bytes of one record.</summary>
    public static byte[] Frame(ReadOnlySpan<byte> data)
    {
        byte[] record = new byte[HeaderBytes + data.Length + ChecksumBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)data.Length);
        WriteChecksum(record.AsSpan(0, 8), record.AsSpan(8));
        data.CopyTo(record.AsSpan(HeaderBytes));
        WriteChecksum(data, record.AsSpan(HeaderBytes + data.Length));
        return record;
    }

    /// <summary>
    /// Reads the records of a file, up to its end or the first that is broken, which a killed process may leave.
    /// </summary>
    public static IEnumerable<byte[]> Read(byte[] file)
    {
        for (int start = 0; ReadAt(file, start) is { } data; start += HeaderBytes + data.Length + ChecksumBytes)
            yield return data;
    }

    static byte[]? ReadAt(byte[] file, int start)
    {
        ReadOnlySpan<byte> rest = file.AsSpan(start);
        if (rest.Length < HeaderBytes + ChecksumBytes || !IsIntact(rest[..8], rest[8..])) return null;
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(rest);
        rest = rest[HeaderBytes..];
        if (length > (ulong)(rest.Length - ChecksumBytes)) return null;
        ReadOnlySpan<byte> data = rest[..(int)length];
        return IsIntact(data, rest[data.Length..]) ? data.ToArray() : null;
    }

    static void WriteChecksum(ReadOnlySpan<byte> data, Span<byte> target) =>
        BinaryPrimitives.WriteUInt32LittleEndian(target, MaskedChecksum(data));

    static bool IsIntact(ReadOnlySpan<byte> data, ReadOnlySpan<byte> stored) =>
        BinaryPrimitives.ReadUInt32LittleEndian(stored) == MaskedChecksum(data);

    /// <summary>Computes CRC-32C, masked so that a checksum of data with checksums in it stays a good one.</summary>
    static uint MaskedChecksum(ReadOnlySpan<byte> data)
    {
        uint checksum = uint.MaxValue;
        foreach (byte value in data) checksum = BitOperations.Crc32C(checksum, value);
        return BitOperations.RotateRight(~checksum, 15) + 0xA282EAD8;
    }
}
