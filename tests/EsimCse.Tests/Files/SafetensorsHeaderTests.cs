using System.Buffers.Binary;
using System.Text;
using EsimCse.Core;
using EsimCse.Core.Files;

namespace EsimCse.Tests.Files;

public class SafetensorsHeaderTests
{
    const string Name = "model.safetensors";

    static MemoryStream CreateFile(string header, int dataBytes)
    {
        byte[] text = Encoding.UTF8.GetBytes(header);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)text.Length);
        return new MemoryStream([.. length, .. text, .. new byte[dataBytes]]);
    }

    static string ReadError(Stream file) =>
        Assert.Throws<InvalidInputException>(() => SafetensorsHeader.Read(file, Name)).Message;

    /// <summary>Returns an entry of the header.</summary>
    static string Tensor(string name, string type, string shape, string offsets) =>
        $$"""
        "{{name}}":{"dtype":"{{type}}","shape":[{{shape}}],"data_offsets":[{{offsets}}]}
        """;

    [Fact]
    public void Tensors_and_metadata_are_read()
    {
        string tensors = $"{Tensor("a", "F32", "2,3", "0,24")},{Tensor("b", "I64", "", "24,32")}";
        string header = $$"""{"__metadata__":{"format":"pt"},{{tensors}}}""";
        SafetensorsHeader read = SafetensorsHeader.Read(CreateFile(header, 32), Name);
        Assert.Equal("pt", read.Metadata["format"]);
        Assert.Equal(["a", "b"], read.Tensors.Keys);
        StoredTensor a = read.Tensors["a"];
        Assert.Equal(("F32", 6, 8 + header.Length, 24), (a.Type, a.Count, a.Begin, a.Bytes));
        Assert.Equal([2, 3], a.Shape);
        Assert.Equal(1, read.Tensors["b"].Count);
    }

    [Theory]
    [InlineData("F32", "2", "0,4", 4, "tensor 'a'")]
    [InlineData("F32", "2", "0,8", 4, "found")]
    [InlineData("F32", "2", "0,8", 12, "found")]
    [InlineData("F32", "1", "4,8", 8, "hole")]
    [InlineData("F32", "1", "8,4", 8, "data_offsets")]
    [InlineData("F32", "-1", "0,4", 4, "negative")]
    [InlineData("F32", "4611686018427387904,4", "0,4", 4, "not valid")]
    [InlineData("F32", "1.5", "0,4", 4, "not valid")]
    [InlineData("X9", "1", "0,4", 4, "X9")]
    public void A_tensor_that_breaks_a_rule_is_named(
        string type, string shape, string offsets, int dataBytes, string named)
    {
        string message = ReadError(CreateFile($"{{{Tensor("a", type, shape, offsets)}}}", dataBytes));
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.Contains(Name, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a", "F32", "0", "8,8", 8, "twice")]
    [InlineData("b", "F32", "1", "4,8", 8, "overlap")]
    public void Two_tensors_that_collide_are_named(
        string name, string type, string shape, string offsets, int dataBytes, string named)
    {
        string header = $"{{{Tensor("a", "F32", "2", "0,8")},{Tensor(name, type, shape, offsets)}}}";
        string message = ReadError(CreateFile(header, dataBytes));
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.Contains(Name, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[1]}}""", 4, "data_offsets")]
    [InlineData("""{"a":[]}""", 0, "tensor 'a'")]
    [InlineData("""{"__metadata__":{"k":1}}""", 0, "not valid")]
    [InlineData("[1,2,3]", 0, "start")]
    [InlineData("""{"a":""", 0, "not valid")]
    [InlineData("", 0, "start")]
    public void A_header_that_breaks_a_rule_is_named(string header, int dataBytes, string named)
    {
        string message = ReadError(CreateFile(header, dataBytes));
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.Contains(Name, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(100_000_001)]
    [InlineData(1000)]
    public void A_header_length_beyond_the_file_is_named(ulong length)
    {
        byte[] file = new byte[64];
        BinaryPrimitives.WriteUInt64LittleEndian(file, length);
        Assert.Contains("header length", ReadError(new MemoryStream(file)), StringComparison.Ordinal);
    }
}
