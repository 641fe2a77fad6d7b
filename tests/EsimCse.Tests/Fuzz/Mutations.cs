using System.Text;

namespace EsimCse.Tests.Fuzz;

/// <summary>Random changes of a file's bytes.</summary>
static class Mutations
{
    static readonly byte[][] Inserted =
    [
        .. new[]
        {
            "\"", "{", "}", "[", "]", ",", ":", "\n", "\r", "\t", "null", "true", "-1", "0", "1e999", "2147483647",
            "4294967296", "99999999999999999999", "NaN", "\\ud800", "\\u0000", "\uFEFF", "\"type\":", "\"Sequence\"",
            "{}", "[]", "é",
        }.Select(Encoding.UTF8.GetBytes),
        [0], [0xFF], [0xC3], [0xED, 0xA0, 0x80], [0x80, 0x80, 0x80, 0x80],
    ];

    /// <summary>Returns a file with one to four changes.</summary>
    public static byte[] Apply(byte[] file, Random random)
    {
        List<byte> bytes = [.. file];
        for (int count = random.Next(1, 5); count > 0; count--) Change(bytes, random);
        return [.. bytes];
    }

    static void Change(List<byte> bytes, Random random)
    {
        int place = random.Next(bytes.Count + 1);
        int length = Math.Min(bytes.Count - place, random.Next(1, 1 << random.Next(1, 8)));
        switch (random.Next(7))
        {
            case 0 when length > 0:
                bytes[place] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when length > 0:
                bytes[place] = (byte)random.Next(256);
                break;
            case 2:
                bytes.RemoveRange(place, length);
                break;
            case 3:
                bytes.InsertRange(random.Next(bytes.Count + 1), bytes.GetRange(place, length));
                break;
            case 4 when random.Next(8) == 0:
                bytes.RemoveRange(place, bytes.Count - place);
                break;
            default:
                bytes.InsertRange(place, Inserted[random.Next(Inserted.Length)]);
                break;
        }
    }
}
