using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using EsimCse.Core.Text;
using EsimCse.Formats;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Formats;

/// <summary>
/// Files of vectors in other programs: .parquet in DuckDB, .arrow in Arrow's JavaScript library, by bench/readers.
/// </summary>
public sealed class OtherReadersTests : IDisposable
{
    const string Variable = "ESIMCSE_READERS";

    static readonly string?[] Titles = ["a title", null, "", "é𝄞 \"quoted\"\n", "null", "5"];

    readonly string _folder = Directory.CreateTempSubdirectory("esimcse-readers-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("parquet", "fp32")]
    [InlineData("arrow", "fp32")]
    [InlineData("arrow", "fp16")]
    public void Vectors_and_columns_have_the_same_values(string format, string typeName)
    {
        OutputType type = OutputTypes.FromName(typeName)!.Value;
        // More than a row group of parquet, and several record batches of arrow.
        const int rows = 4500, dimension = 1000;
        float[][] vectors = VectorSamples.Normal(rows, dimension);
        string path = Path.Combine(_folder, "vectors." + format);
        VectorFile.Write(path, new VectorRows(dimension, vectors, type) { Kept = Kept() });
        JsonNode found = Read(path);
        Assert.Equal((rows, dimension), ((int)found["rows"]!, (int)found["dimension"]!));
        Assert.Equal(Enumerable.Range(0, rows), found["columns"]!["row"]!.AsArray().Select(value => (int)value!));
        IEnumerable<string?> titles = found["columns"]!["title"]!.AsArray().Select(value => (string?)value);
        Assert.Equal(Enumerable.Range(0, rows).Select(Title), titles);
        Assert.Equal(Hash(vectors, type), (string?)found["sha256"]);
    }

    static string? Title(int row) => Titles[row % Titles.Length];

    static KeptColumns Kept()
    {
        int row = 0;
        return new(["title", "row"], Next);

        KeptValue[] Next()
        {
            KeptValue title = Title(row) is { } text ? new(text) : KeptValue.Null;
            return [title, KeptValue.FromScalar($"{row++}")];
        }
    }

    static string Hash(float[][] vectors, OutputType type)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (float[] vector in vectors)
        {
            float[] stored = type == OutputType.Float16 ? [.. vector.Select(value => (float)(Half)value)] : vector;
            hash.AppendData(MemoryMarshal.AsBytes<float>(stored));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    static JsonNode Read(string path)
    {
        string? packages = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(
            packages is null, $"{Variable} names the folder in which bench/readers/package.json was installed by npm");
        string[] arguments = [Repository.File("bench", "readers", "read.mjs"), path];
        (int code, string output, string error) = ChildProcess.Run(new("node", arguments));
        Assert.True(code == 0, error);
        return JsonNode.Parse(output)!;
    }
}
