using System.Text;
using EsimCse.Core.Files;

namespace EsimCse.Tests.Files;

public class NpyHeaderTests
{
    [Theory]
    [InlineData("(3,)", 3L)]
    [InlineData("(0, 16)", 0L, 16L)]
    [InlineData("(9223372036854775807, 2147483647)", long.MaxValue, 2147483647L)]
    public void Every_shape_takes_128_bytes_and_is_spelled_as_in_Python(string expected, params long[] shape)
    {
        string text = $"{{'descr': '<f4', 'fortran_order': False, 'shape': {expected}, }}".PadRight(117) + "\n";
        byte[] header = [0x93, .. "NUMPY"u8, 1, 0, 118, 0, .. Encoding.ASCII.GetBytes(text)];
        Assert.Equal(header, NpyHeader.Create("<f4", shape));
    }
}
