using System.Globalization;
using System.Text.Json;
using EsimCse.Core;
using EsimCse.Core.Files;
using EsimCse.Formats;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Formats;

public sealed class VectorFileTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("esimcse-vectors-").FullName;

    public static TheoryData<string, int, int> Cases
    {
        get
        {
            TheoryData<string, int, int> cases = [];
            foreach (VectorFormat format in VectorFormat.All)
                foreach ((int rows, int dimension) in new[] { (0, 1), (0, 7), (1, 1), (5, 1), (2, 9), (70, 13) })
                    cases.Add(format.Extension, rows, dimension);
            return cases;
        }
    }

    public static TheoryData<string> Extensions => new(VectorFormat.All.Select(format => format.Extension));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    string In(string name) => Path.Combine(_folder, name);

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_file_gives_the_rows_back(string extension, int rows, int dimension)
    {
        float[][] vectors = VectorSamples.AllMagnitudes(rows, dimension);
        string path = In("v" + extension);
        VectorFile.Write(path, VectorSamples.InChunks(vectors, dimension));
        Assert.Equal(Bits(vectors), Bits(Read(path, dimension)));
        Assert.Equal([path], Directory.GetFiles(_folder));
    }

    [Theory]
    [MemberData(nameof(Extensions))]
    public void An_element_that_is_not_finite_is_named_by_its_row_and_leaves_no_file(string extension)
    {
        foreach (float wrong in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            float[][] vectors = VectorSamples.Normal(5, 3);
            vectors[3][1] = wrong;
            InvalidInputException error = Assert.Throws<InvalidInputException>(
                () => VectorFile.Write(In("v" + extension), VectorSamples.InChunks(vectors, 3)));
            string found = wrong.ToString(CultureInfo.InvariantCulture);
            Assert.Equal($"row 4: found {found}, expected a finite number", error.Message);
            Assert.Empty(Directory.GetFiles(_folder));
        }
    }

    [Theory]
    [MemberData(nameof(Extensions))]
    public void Rows_that_end_with_an_error_leave_the_earlier_file(string extension)
    {
        string path = In("v" + extension);
        File.WriteAllText(path, "earlier");
        Assert.Throws<InvalidInputException>(() => VectorFile.Write(path, new VectorRows(2, Fail())));
        Assert.Equal("earlier", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder));

        IEnumerable<float[]> Fail()
        {
            for (int chunk = 0; chunk < 100; chunk++) yield return new float[2 * 100];
            Assert.True(File.Exists(path + AtomicFile.TemporarySuffix));
            throw new InvalidInputException("line 10001");
        }
    }

    [Theory]
    [InlineData("fp32", "<f4", "F32", 4, 11)]
    [InlineData("fp16", "<f2", "F16", 2, 11)]
    [InlineData("int8", "|i1", "I8", 1, 11)]
    [InlineData("binary", "|u1", "U8", 1, 2)]
    public void Raw_formats_hold_the_bytes_of_every_type(
        string name, string npyType, string tensorType, int size, int columns)
    {
        OutputType type = OutputTypes.FromName(name)!.Value;
        float[][] vectors = VectorSamples.Normal(20, 11);
        using MemoryStream expected = new();
        long rows = VectorSamples.InChunks(vectors, 11, reusesArrays: false, type).Stored.WriteTo(expected);
        Assert.Equal((20, 20 * columns * size), (rows, expected.Length));
        foreach (string path in new[] { In("v.npy"), In("v.safetensors") })
            VectorFile.Write(path, VectorSamples.InChunks(vectors, 11, reusesArrays: false, type));
        StoredArray npy = StoredArray.ReadNpy(In("v.npy"));
        StoredArray tensor = StoredArray.ReadSafetensors(In("v.safetensors"), "embeddings");
        Assert.Equal((npyType, tensorType), (npy.Type, tensor.Type));
        foreach (StoredArray array in new[] { npy, tensor })
        {
            Assert.Equal([20, columns], array.Shape);
            Assert.Equal(expected.ToArray(), array.Data);
        }
    }

    [Fact]
    public void Scales_are_stored_with_int8_only()
    {
        float[][] vectors = [[1, 0, -3], [-127, 0, 2]];
        foreach (OutputType type in Enum.GetValues<OutputType>())
            VectorFile.Write(
                In($"{type}.npy"), VectorSamples.InChunks(vectors, 3, reusesArrays: false, type));
        StoredArray scales = StoredArray.ReadNpy(Assert.Single(Directory.GetFiles(_folder, "*.scales.npy")));
        Assert.True(File.Exists(In("Int8.npy.scales.npy")));
        Assert.Equal(("<f4", 3), (scales.Type, Assert.Single(scales.Shape)));
        float[] found = [.. Enumerable.Range(0, 3).Select(i => BitConverter.ToSingle(scales.Data, 4 * i))];
        Assert.Equal([1, 1 / 127f, 3 / 127f], found);
        sbyte[][] levels = StoredArray.ReadNpy(In("Int8.npy")).Rows(1, (bytes, at) => (sbyte)bytes[at]);
        sbyte[][] expected = [[1, 0, -127], [-127, 0, 85]];
        Assert.Equal(expected, levels);
    }

    [Fact]
    public void Scales_that_cannot_be_written_leave_neither_file()
    {
        Directory.CreateDirectory(In("v.npy.scales.npy"));
        VectorRows rows = VectorSamples.InChunks([[1]], 1, reusesArrays: false, OutputType.Int8);
        Assert.ThrowsAny<Exception>(() => VectorFile.Write(In("v.npy"), rows));
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void A_type_that_a_format_does_not_have_is_refused_before_the_rows_are_read()
    {
        VectorRows rows = new(1, Unread(), OutputType.Binary);
        foreach (VectorFormat format in VectorFormat.All.Where(format => !format.Types.Contains(OutputType.Binary)))
            Assert.Throws<ArgumentException>(() => VectorFile.Write(In("v" + format.Extension), rows));
        Assert.Empty(Directory.GetFiles(_folder));

        static IEnumerable<float[]> Unread()
        {
            Assert.Fail("read");
            yield break;
        }
    }

    [Fact]
    public void Extensions_are_known_in_lower_case_only()
    {
        Assert.NotNull(VectorFormat.Find("folder.csv/v.npy"));
        foreach (string path in new[] { "v", "v.NPY", "v.npy.gz", "folder.npy/v", ".npy/" })
            Assert.Null(VectorFormat.Find(path));
    }

    static float[][] Read(string path, int dimension)
    {
        switch (Path.GetExtension(path))
        {
            case ".npy":
                return Read(StoredArray.ReadNpy(path), dimension);
            case ".safetensors":
                return Read(StoredArray.ReadSafetensors(path, "embeddings"), dimension);
            case ".jsonl":
                return [.. File.ReadAllLines(path).Select(line => JsonSerializer.Deserialize<float[]>(line)!)];
            case ".csv":
                string[] lines = File.ReadAllLines(path);
                Assert.Equal(string.Join(',', Enumerable.Range(0, dimension).Select(i => $"e{i}")), lines[0]);
                return [.. lines[1..].Select(line => line.Split(',').Select(Parse).ToArray())];
            case ".arrow":
                return ColumnarFile.ReadArrow<float>(path, dimension);
            case ".parquet":
                return ColumnarFile.ReadParquet(path, dimension);
            default:
                throw new NotSupportedException(path);
        }
    }

    static float[][] Read(StoredArray array, int dimension)
    {
        Assert.Equal(dimension, array.Shape[1]);
        return array.Floats();
    }

    static float Parse(string text) => float.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);

    static int[][] Bits(float[][] rows) =>
        [.. rows.Select(row => row.Select(BitConverter.SingleToInt32Bits).ToArray())];
}
