using System.Text.Json;
using EsimCse.Core;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cli;

public class CpuPrecisionTests
{
    [Theory]
    [InlineData("bf16", 0.9999)]
    [InlineData("int8", 0.999)]
    public void Embedding_in_it_is_near_that_in_fp32(string precision, double cosine)
    {
        using SmallModel small = new();
        string run = small.In("run");
        SmallModel.Train(small.Job("run"));
        float[][] expected = Embed(run, small.In("corpus.txt"), "fp32");
        float[][] actual = Embed(run, small.In("corpus.txt"), precision);
        Assert.Equal(expected.Length, actual.Length);
        Assert.NotEqual(expected[0], actual[0]);
        foreach ((float[] first, float[] second) in expected.Zip(actual))
            Assert.InRange(Similarity.Cosine(first, second), cosine, 1.000001);
    }

    [Theory]
    [InlineData("fp16", "fp32, bf16 and int8")]
    [InlineData("int4", "fp32, bf16, fp16 or int8")]
    public void One_that_it_lacks_is_wrong_usage(string precision, string expected)
    {
        using SmallModel small = new();
        (int code, _, string error) = Tool.Run(
            "", "embed", small.Folder, small.In("corpus.txt"), "--device", "cpu", "--precision", precision);
        Assert.Equal(2, code);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bf16")]
    [InlineData("int8")]
    public void Training_in_it_is_wrong_usage(string precision)
    {
        using SmallModel small = new();
        (int code, _, string error) = Tool.Run(
            "", "train", small.Folder, "--data", small.In("corpus.txt"), "--output", small.In("run"),
            "--device", "cpu", "--precision", precision);
        Assert.Equal(2, code);
        Assert.Contains("only fp32 to train", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(small.In("run")));
    }

    static float[][] Embed(string model, string input, string precision)
    {
        (int code, string output, string error) = Tool.Run(
            "", "embed", model, input, "--device", "cpu", "--precision", precision);
        Assert.True(code == 0, error);
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return [.. lines.Select(line => JsonSerializer.Deserialize<float[]>(line)!)];
    }
}
