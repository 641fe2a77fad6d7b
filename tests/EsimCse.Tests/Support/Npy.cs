using System.Runtime.InteropServices;
using System.Text;

namespace EsimCse.Tests.Support;

static class Npy
{
    /// <summary>Reads the elements of a version 1 file of little-endian fp32.</summary>
    public static float[] Read(string path) => Parse(File.ReadAllBytes(path));

    public static float[] Parse(byte[] bytes)
    {
        int header = 10 + BitConverter.ToUInt16(bytes, 8);
        Assert.Contains("'<f4'", Encoding.ASCII.GetString(bytes, 10, header - 10), StringComparison.Ordinal);
        return MemoryMarshal.Cast<byte, float>(bytes.AsSpan(header)).ToArray();
    }
}
