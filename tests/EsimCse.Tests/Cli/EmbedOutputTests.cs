using System.Globalization;
using System.Text.Json;
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
        string[] lines = File.ReadAllLines(Write("v.csv"));
        Assert.StartsWith("e0,e1,", lines[0], StringComparison.Ordinal);
        Assert.Equal(expected, lines[1..].Select(Parse));

        static float[] Parse(string line) =>
            [.. line.Split(',').Select(value => float.Parse(value, CultureInfo.InvariantCulture))];
    }

    [Theory]
    [InlineData("v.bin")]
    [InlineData("v")]
    public void An_unknown_extension_is_a_usage_error_that_names_the_known_ones(string name)
    {
        (int code, _, string error) = Tool.Run("", "embed", model.Run, "--output", model.In(name));
        Assert.Equal(2, code);
        foreach (string known in new[] { "FILE.npy", "FILE.jsonl", "FILE.csv", "FILE.safetensors", "or -" })
            Assert.Contains(known, error, StringComparison.Ordinal);
    }
}
