using System.Runtime.InteropServices;
using EsimCse.Core;
using EsimCse.Search;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Search;

public sealed class MappedVectorsTests : IDisposable
{
    readonly IndexFiles _files = new();

    [Theory]
    [InlineData("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", "type <f8, expected <f4 or <f2")]
    [InlineData("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }", "type >f4, expected <f4 or <f2")]
    [InlineData("{'descr': '|i1', 'fortran_order': False, 'shape': (2, 3), }", "type |i1, expected <f4 or <f2")]
    [InlineData("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", "Fortran order, expected C order")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }", "shape (6), expected rows x dimension")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3), }", "shape (1, 2, 3), expected")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", "shape (), expected")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (6, 0), }", "shape (6, 0), expected")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2, -3), }", "found -3, expected a whole number")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 99999999999999999999), }", "a whole number")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 3), }", "found 111 bytes")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 3), }", "for 3 rows of 3")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }", "for 1 rows of 3")]
    [InlineData("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2, 3), }", "not that of an array")]
    [InlineData("nothing", "not that of an array of one type: nothing")]
    public void Other_arrays_are_refused_by_name(string header, string expected)
    {
        string path = _files.WriteNpy(header, new byte[24]);
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => MappedVectors.Open(path));
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_truncation_of_a_file_is_refused()
    {
        string path = _files.WriteVectors(IndexFiles.Random(1, 3, 2), 2);
        byte[] bytes = File.ReadAllBytes(path);
        for (int length = 0; length < bytes.Length; length++)
        {
            File.WriteAllBytes(path, bytes[..length]);
            Assert.Throws<InvalidInputException>(() => MappedVectors.Open(path));
        }
        File.WriteAllBytes(path, [.. bytes, 0]);
        Assert.Throws<InvalidInputException>(() => MappedVectors.Open(path));
    }

    [Fact]
    public void A_header_of_gigabytes_is_refused_before_it_is_read()
    {
        string path = _files.In("input.npy");
        File.WriteAllBytes(path, [0x93, .. "NUMPY"u8, 2, 0, 0xff, 0xff, 0xff, 0xff]);
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => MappedVectors.Open(path));
        Assert.Contains("found a header of 4294967295 bytes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fp16_is_read_as_fp32()
    {
        Half[] values = [(Half)1.5f, (Half)(-0.25f), Half.MaxValue, Half.Epsilon];
        string path = _files.WriteNpy(
            "{'descr': '<f2', 'fortran_order': False, 'shape': (2, 2), }\n", MemoryMarshal.AsBytes(values).ToArray());
        using MappedVectors vectors = MappedVectors.Open(path);
        float[] read = new float[4];
        vectors.Read(0, read);
        Assert.Equal(values.Select(value => (float)value), read);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void An_element_that_is_not_finite_is_named(float wrong)
    {
        float[][] rows = IndexFiles.Random(2, 5, 3);
        rows[3][1] = wrong;
        using MappedVectors vectors = MappedVectors.Open(_files.WriteVectors(rows, 3));
        InvalidInputException error =
            Assert.Throws<InvalidInputException>(() => vectors.Read(2, new float[3 * 3]));
        Assert.Contains("row 3, column 1: found", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _files.Dispose();
}
