using System.Buffers.Binary;
using System.Text;
using EsimCse.Core;
using EsimCse.Core.Files;

namespace EsimCse.Tests.Files;

public class SafetensorsTests : IDisposable
{
    readonly string _path = Path.Combine(Directory.CreateTempSubdirectory("esimcse-st-").FullName, "model.safetensors");

    public void Dispose()
    {
        Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);
        GC.SuppressFinalize(this);
    }

    void Write(string header, int dataBytes)
    {
        byte[] text = Encoding.UTF8.GetBytes(header), length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)text.Length);
        File.WriteAllBytes(_path, [.. length, .. text, .. Enumerable.Range(0, dataBytes).Select(i => (byte)i)]);
    }

    [Theory]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[8,8]}}", 8, "twice")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "'a'")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4, "found")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 12, "found")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "hole")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "overlap")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,4]}}", 8, "data_offsets")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "negative")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,4]}}", 4, "not valid")]
    [InlineData("{\"a\":{\"dtype\":\"X9\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "X9")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "data_offsets")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}", 4, "not valid")]
    [InlineData("{\"__metadata__\":{\"k\":1},\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "not valid")]
    [InlineData("[1,2,3]", 0, "start")]
    [InlineData("{\"a\":", 0, "not valid")]
    public void A_broken_rule_is_named(string header, int dataBytes, string named)
    {
        Write(header, dataBytes);
        string message = Assert.Throws<InvalidInputException>(() => SafetensorsFile.Open(_path)).Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.Contains(_path, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(100_000_001)]
    [InlineData(1000)]
    public void A_lying_header_length_is_named(ulong length)
    {
        byte[] file = new byte[64];
        BinaryPrimitives.WriteUInt64LittleEndian(file, length);
        File.WriteAllBytes(_path, file);
        Assert.Contains("header length", Assert.Throws<InvalidInputException>(() => SafetensorsFile.Open(_path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_written_is_read_and_every_truncation_is_refused()
    {
        float[] values = [1.5f, -2, float.MaxValue, 0, 3, 4];
        SafetensorsWriter.Write(_path, [TensorToWrite.Floats("x", [2, 3], () => values), TensorToWrite.Floats("empty", [0, 3], () => [])], new Dictionary<string, string> { ["format"] = "pt" });
        using (SafetensorsFile file = SafetensorsFile.Open(_path))
        {
            float[] read = new float[6];
            file.ReadFloats(file.Tensors["x"], read);
            Assert.Equal(values, read);
            Assert.Equal("pt", file.Metadata["format"]);
            Assert.Equal(0, file.Tensors["x"].Begin % 8);
        }
        byte[] whole = File.ReadAllBytes(_path);
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(_path, whole[..length]);
            Assert.Throws<InvalidInputException>(() => SafetensorsFile.Open(_path).Dispose());
        }
    }

    [Theory]
    [InlineData("F16", new byte[] { 0x00, 0x3C, 0x01, 0x00, 0x00, 0xC1 }, new[] { 1f, 5.9604645e-8f, -2.5f })]
    [InlineData("BF16", new byte[] { 0x80, 0x3F, 0x20, 0xC0, 0x01, 0x00 }, new[] { 1f, -2.5f, 9.1835e-41f })]
    public void Halves_become_floats(string type, byte[] data, float[] expected)
    {
        SafetensorsWriter.Write(_path, [], new Dictionary<string, string>());
        string header = $"{{\"h\":{{\"dtype\":\"{type}\",\"shape\":[3],\"data_offsets\":[0,6]}}}}";
        byte[] length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        File.WriteAllBytes(_path, [.. length, .. Encoding.UTF8.GetBytes(header), .. data]);
        using SafetensorsFile file = SafetensorsFile.Open(_path);
        float[] read = new float[3];
        file.ReadFloats(file.Tensors["h"], read);
        Assert.Equal(expected, read);
    }
}
