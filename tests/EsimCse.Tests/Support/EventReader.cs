using System.Buffers.Binary;
using System.Text;

namespace EsimCse.Tests.Support;

/// <summary>One event of TensorBoard's event files.</summary>
sealed record ReadEvent(double Time, long Step, string? Version, bool StartsSession, Dictionary<string, float> Scalars);

/// <summary>
/// A reader of TensorBoard's event files, from the descriptions of TFRecord and of protobuf's wire format; it shares
/// nothing with the writer.
/// </summary>
static class EventReader
{
    /// <summary>Reads every event of a folder, in the order of the files' names, and checks both checksums.</summary>
    public static ReadEvent[] ReadFolder(string folder) =>
        [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal).SelectMany(ReadFile)];

    public static List<ReadEvent> ReadFile(string path)
    {
        Assert.Contains("tfevents", Path.GetFileName(path), StringComparison.Ordinal);
        byte[] file = File.ReadAllBytes(path);
        List<ReadEvent> events = [];
        for (int at = 0; at < file.Length;)
        {
            int length = (int)BitConverter.ToUInt64(file, at);
            AssertChecksum(file, at, 8);
            AssertChecksum(file, at + 12, length);
            events.Add(Parse(file[(at + 12)..(at + 12 + length)]));
            at += 12 + length + 4;
        }
        return events;
    }

    /// <summary>Computes CRC-32C bit by bit: polynomial 0x1EDC6F41, reflected.</summary>
    public static uint Crc32C(ReadOnlySpan<byte> data)
    {
        uint crc = 0xFFFFFFFF;
        foreach (byte value in data)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82F63B78 : crc >> 1;
        }
        return ~crc;
    }

    static void AssertChecksum(byte[] file, int start, int length)
    {
        uint crc = Crc32C(file.AsSpan(start, length));
        uint masked = unchecked((crc >> 15 | crc << 17) + 0xA282EAD8);
        Assert.Equal(masked, BitConverter.ToUInt32(file, start + length));
    }

    static ReadEvent Parse(byte[] message)
    {
        ReadEvent read = new(0, 0, null, false, []);
        foreach ((int field, long number, byte[] bytes) in Fields(message))
            switch (field)
            {
                case 1: read = read with { Time = BitConverter.Int64BitsToDouble(number) }; break;
                case 2: read = read with { Step = number }; break;
                case 3: read = read with { Version = Encoding.UTF8.GetString(bytes) }; break;
                case 5: AddScalars(bytes, read.Scalars); break;
                case 7: read = read with { StartsSession = Fields(bytes).Single() is (1, 1, _) }; break;
                default: Assert.Fail($"field {field}"); break;
            }
        return read;
    }

    static void AddScalars(byte[] summary, Dictionary<string, float> scalars)
    {
        foreach ((int field, _, byte[] value) in Fields(summary))
        {
            Assert.Equal(1, field);
            List<(int Field, long Number, byte[] Bytes)> parts = [.. Fields(value)];
            string tag = Encoding.UTF8.GetString(parts.Single(part => part.Field == 1).Bytes);
            scalars.Add(tag, BitConverter.Int32BitsToSingle((int)parts.Single(part => part.Field == 2).Number));
        }
    }

    static IEnumerable<(int Field, long Number, byte[] Bytes)> Fields(byte[] message)
    {
        for (int at = 0; at < message.Length;)
        {
            long key = Varint(message, ref at);
            long number = 0;
            byte[] bytes = [];
            switch (key & 7)
            {
                case 0:
                    number = Varint(message, ref at);
                    break;
                case 1:
                    number = BinaryPrimitives.ReadInt64LittleEndian(message.AsSpan(at));
                    at += 8;
                    break;
                case 2:
                    int length = (int)Varint(message, ref at);
                    bytes = message[at..(at + length)];
                    at += length;
                    break;
                case 5:
                    number = BinaryPrimitives.ReadInt32LittleEndian(message.AsSpan(at));
                    at += 4;
                    break;
                default:
                    Assert.Fail($"wire type {key & 7}");
                    break;
            }
            yield return ((int)(key >> 3), number, bytes);
        }
    }

    static long Varint(byte[] message, ref int at)
    {
        long number = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte part = message[at++];
            number |= (long)(part & 0x7F) << shift;
            if (part < 0x80) return number;
        }
    }
}
