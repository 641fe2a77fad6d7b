using System.Globalization;
using System.Text.Json;
using EsimCse.Cuda;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cli;

/// <summary>The formats of embed's output, through the tool.</summary>
public class EmbedOutputTests(TrainedModel model) : IClassFixture<TrainedModel>
{
    const string Text = "the cat\n\nan old dog sees a bird\n";

    float[][] Expected()
    {
        (int code, string output, string error) = Tool.Run(Text, "embed", model.Run);
        Assert.True(code == 0, error);
        return [.. output.TrimEnd('\n').Split('\n').Select(line => JsonSerializer.Deserialize<float[]>(line)!)];
    }

    string Write(string name, params string[] options)
    {
        string path = model.In(name);
        (int code, _, string error) = Tool.Run(Text, ["embed", model.Run, "--output", path, .. options]);
        Assert.True(code == 0, error);
        return path;
    }

    [Fact]
    public void Every_format_holds_the_vectors_of_standard_output()
    {
        float[][] expected = Expected();
        Assert.Equal(expected, StoredArray.ReadNpy(Write("v.npy")).Floats());
        Assert.Equal(expected, StoredArray.ReadSafetensors(Write("v.safetensors"), "embeddings").Floats());
        Assert.Equal(expected, ColumnarFile.ReadArrow<float>(Write("v.arrow"), expected[0].Length));
        Assert.Equal(expected, ColumnarFile.ReadParquet(Write("v.parquet"), expected[0].Length));
        string[] lines = File.ReadAllLines(Write("v.csv"));
        Assert.StartsWith("e0,e1,", lines[0], StringComparison.Ordinal);
        Assert.Equal(expected, lines[1..].Select(Parse));

        static float[] Parse(string line) =>
            [.. line.Split(',').Select(value => float.Parse(value, CultureInfo.InvariantCulture))];
    }

    [Fact]
    public void Every_type_is_that_of_the_vectors_of_standard_output()
    {
        float[][] expected = Expected();
        StoredArray halves = StoredArray.ReadNpy(Write("h.npy", "--output-type", "fp16"));
        Assert.Equal(expected.Select(row => row.Select(x => (Half)x)), halves.Rows(2, BitConverter.ToHalf));

        StoredArray levels = StoredArray.ReadSafetensors(Write("q.safetensors", "--output-type", "int8"), "embeddings");
        StoredArray scales = StoredArray.ReadNpy(model.In("q.safetensors.scales.npy"));
        for (int i = 0; i < expected[0].Length; i++)
        {
            float scale = BitConverter.ToSingle(scales.Data, 4 * i);
            Assert.Equal((float)(expected.Max(row => Math.Abs((double)row[i])) / 127), scale);
            for (int row = 0; row < expected.Length; row++)
                Assert.Equal(
                    Math.Round(expected[row][i] / (double)scale), (sbyte)levels.Data[row * expected[0].Length + i]);
        }

        StoredArray bits = StoredArray.ReadNpy(Write("b.npy", "--output-type", "binary"));
        Assert.Equal([expected.Length, 2], bits.Shape);
        Assert.Equal(
            string.Concat(expected.SelectMany(row => row.Select(x => x > 0 ? '1' : '0'))),
            string.Concat(bits.Data.Select(value => $"{value:b8}")));
    }

    [Fact]
    public void Several_devices_write_the_bytes_of_one()
    {
        Backends.RequireCuda();
        Assert.SkipUnless(CudaDevice.All().Count >= 2, "fewer than 2 devices");
        string text = model.In("devices.txt");
        // More than two batches.
        File.WriteAllLines(text, Enumerable.Range(0, 7000).Select(i => i % 3 == 0 ? "the cat ." : "the cat and a dog"));
        byte[] expected = Embed("cuda:0");
        Assert.Equal(expected, Embed("cuda:0,cuda:1"));
        Assert.Equal(expected, Embed("cuda:all"));

        byte[] Embed(string device)
        {
            string path = model.In("devices.npy");
            string[] options = ["--output", path, "--device", device, "--precision", "fp32"];
            (int code, _, string error) = Tool.Run("", ["embed", model.Run, text, .. options]);
            Assert.True(code == 0, error);
            return File.ReadAllBytes(path);
        }
    }

    [Theory]
    [InlineData("fp16", "-", "found standard output, expected .npy or .arrow or .safetensors")]
    [InlineData("fp16", "v.csv", "found .csv, expected .npy or .arrow or .safetensors")]
    [InlineData("fp16", "v.parquet", "found .parquet, expected .npy or .arrow or .safetensors")]
    [InlineData("int8", "v.jsonl", "found .jsonl, expected .npy or .safetensors")]
    [InlineData("int8", "v.parquet", "found .parquet, expected .npy or .safetensors")]
    [InlineData("binary", "v.arrow", "found .arrow, expected .npy or .safetensors")]
    public void A_type_that_the_format_does_not_have_is_refused_before_anything_is_read(
        string type, string target, string problem)
    {
        string path = target == "-" ? target : model.In(target);
        (int code, _, string error) = Tool.Run(
            "", "embed", model.In("missing"), model.In("missing.txt"), "--output", path, "--output-type", type);
        Assert.Equal(2, code);
        Assert.Contains($"--output-type {type}: {problem} as --output", error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_type_is_a_usage_error()
    {
        (int code, _, string error) = Tool.Run("", "embed", model.Run, "--output-type", "bf16");
        Assert.Equal(2, code);
        const string message = "--output-type: found bf16, expected fp32, fp16, int8, binary";
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v.bin")]
    [InlineData("v")]
    public void An_unknown_extension_is_a_usage_error_that_names_the_known_ones(string name)
    {
        (int code, _, string error) = Tool.Run("", "embed", model.Run, "--output", model.In(name));
        Assert.Equal(2, code);
        const string known =
            "FILE.npy, FILE.jsonl, FILE.csv, FILE.parquet, FILE.arrow, FILE.safetensors, DIR/ or -";
        Assert.Contains(known, error, StringComparison.Ordinal);
    }
}
