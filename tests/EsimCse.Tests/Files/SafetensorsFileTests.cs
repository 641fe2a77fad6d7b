using System.Buffers.Binary;
using System.Text;
using EsimCse.Core;
using EsimCse.Core.Files;

namespace EsimCse.Tests.Files;

public sealed class SafetensorsFileTests : IDisposable
{
    readonly string _path =
        Path.Combine(Directory.CreateTempSubdirectory("esimcse-st-").FullName, "model.safetensors");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);

    void Write(params TensorToWrite[] tensors) =>
        SafetensorsWriter.Write(_path, tensors, new Dictionary<string, string> { ["format"] = "pt" });

    /// <summary>Writes a file of one tensor of any type.</summary>
    void WriteRaw(string type, int count, byte[] data)
    {
        string tensor = $$"""{"dtype":"{{type}}","shape":[{{count}}],"data_offsets":[0,{{data.Length}}]}""";
        string header = $$"""{"x":{{tensor}}}""";
        byte[] length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        File.WriteAllBytes(_path, [.. length, .. Encoding.UTF8.GetBytes(header), .. data]);
    }

    float[] ReadFloats(string name)
    {
        using SafetensorsFile file = SafetensorsFile.Open(_path);
        float[] values = new float[file.Tensors[name].Count];
        file.ReadFloats(file.Tensors[name], values);
        return values;
    }

    [Fact]
    public void A_written_file_is_read_back()
    {
        float[] values = [1.5f, -2, float.MaxValue, 0, 3, 4];
        Write(TensorToWrite.Floats("x", [2, 3], () => values), TensorToWrite.Floats("empty", [0, 3], () => []));
        Assert.Equal(values, ReadFloats("x"));
        Assert.Empty(ReadFloats("empty"));
        using SafetensorsFile file = SafetensorsFile.Open(_path);
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal(values, file.Span<float>(file.Tensors["x"]).ToArray());
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        Write(TensorToWrite.Floats("x", [2, 3], () => new float[6]));
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
    [InlineData("F64", new byte[] { 0, 0, 0, 0, 0, 0, 0x04, 0xC0 }, new[] { -2.5f })]
    public void Other_float_types_become_fp32(string type, byte[] data, float[] expected)
    {
        WriteRaw(type, expected.Length, data);
        Assert.Equal(expected, ReadFloats("x"));
    }

    [Fact]
    public void A_tensor_that_is_no_float_or_not_finite_is_named()
    {
        WriteRaw("I32", 1, new byte[4]);
        string message = Assert.Throws<InvalidInputException>(() => ReadFloats("x")).Message;
        Assert.Equal($"{_path}: tensor 'x': found I32, expected F32, F16, BF16 or F64", message);

        Write(TensorToWrite.Floats("x", [2], () => [1, float.NaN]));
        using SafetensorsFile file = SafetensorsFile.Open(_path);
        message = Assert.Throws<InvalidInputException>(() => file.ReadFinite(file.Tensors["x"])).Message;
        Assert.Equal($"{_path}: tensor 'x': element 1 is NaN, expected a finite number", message);
    }

    [Fact]
    public void A_target_of_another_length_is_refused()
    {
        Write(TensorToWrite.Floats("x", [2], () => new float[2]));
        using SafetensorsFile file = SafetensorsFile.Open(_path);
        Assert.Throws<ArgumentException>(() => file.ReadFloats(file.Tensors["x"], new float[3]));
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        string message = Assert.Throws<InvalidInputException>(() => SafetensorsFile.Open(_path)).Message;
        Assert.Equal($"{_path}: no such file", message);
    }
}
