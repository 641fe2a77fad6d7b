using System.Text.Json;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Cli;

public class SimilarityCommandTests(TrainedModel model) : IClassFixture<TrainedModel>
{
    static readonly string[] Sentences = ["the cat", "a dog", "the old tree."];

    [Fact]
    public void Json_is_the_matrix_of_the_library()
    {
        (int code, string output, string error) =
            Tool.Run("", ["similarity", model.Run, .. Sentences, "--json", "--device", "cpu"]);
        Assert.True(code == 0, error);
        double[][] matrix = JsonSerializer.Deserialize<double[][]>(output)!;
        using SentenceEncoder encoder = OnCpu.Load(model.Run);
        for (int i = 0; i < Sentences.Length; i++)
            Assert.Equal(Sentences.Select(sentence => encoder.Similarity(Sentences[i], sentence)), matrix[i]);
    }

    [Fact]
    public void The_table_has_four_decimals()
    {
        (_, string output, _) = Tool.Run("", ["similarity", model.Run, .. Sentences]);
        string[] lines = output.TrimEnd('\n').Split('\n');
        Assert.Equal(3, lines.Length);
        for (int i = 0; i < lines.Length; i++)
            Assert.Equal("1.0000", lines[i].Split(' ', StringSplitOptions.RemoveEmptyEntries)[i]);
    }

    [Fact]
    public void A_full_disk_fails_with_one_line()
    {
        (int code, string error) = Tool.RunOnFullDisk("similarity", model.Run, "a cat", "a dog");
        Assert.True(code == 1, $"found {code}: {error}");
        Assert.Contains("esimcse: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }
}
