using System.Globalization;
using System.Text;

namespace EsimCse.Formats;

/// <summary>The header of a .npy file of version 1.0, which has one length for every number of rows.</summary>
static class NpyHeader
{
    /// <summary>Length of the header; a multiple of 64, as the format asks for.</summary>
    public const int Bytes = 128;

    /// <summary>Bytes before the header's text: magic, version and length of the text.</summary>
    const int PrefixBytes = 10;

    /// <summary>Returns the header of an array in C order.</summary>
    /// <param name="type">The type of an element as numpy spells it, such as &lt;f4.</param>
    /// <param name="shape">The dimensions.</param>
    public static byte[] Create(string type, params ReadOnlySpan<long> shape)
    {
        StringBuilder text = new($"{{'descr': '{type}', 'fortran_order': False, 'shape': (");
        foreach (long size in shape) text.Append(CultureInfo.InvariantCulture, $"{size}, ");
        // One dimension keeps its comma, as in Python: (3,).
        text.Length -= shape.Length == 1 ? 1 : 2;
        string padded = text.Append("), }").ToString().PadRight(Bytes - PrefixBytes - 1);
        return [0x93, .. "NUMPY"u8, 1, 0, Bytes - PrefixBytes, 0, .. Encoding.ASCII.GetBytes(padded), (byte)'\n'];
    }
}
